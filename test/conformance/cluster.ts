import { openUser } from '../cli/shoal.ts'

/** A cluster of `bin/shoal up`, as a user starts it, with two nodes (the suite asks for that many). */
export interface ConformanceCluster extends AsyncDisposable {
  readonly kubeconfig: string
  /** What the cluster has said when it ended by itself. */
  readonly ended: Promise<string>
}

export async function startCluster(runtime: string): Promise<ConformanceCluster> {
  const user = openUser()
  const kubeconfig = `${user.directory}/kubeconfig`
  const up = user.start([
    'up',
    '--in-memory',
    '--port=0',
    '--nodes=2',
    `--runtime=${runtime}`,
    `--kubeconfig=${kubeconfig}`,
  ])
  await up.says(/ready in/)
  return {
    kubeconfig,
    ended: up.outcome.then(({ stderr }) => stderr),
    async [Symbol.asyncDispose]() {
      up.process.kill('SIGTERM')
      await up.outcome
      user[Symbol.dispose]()
    },
  }
}
