import { openUser } from '../cli/shoal.ts'
import { startContainerd } from '../engines/containerd.ts'
import { conformanceImages } from '../images/conformance.ts'

/** A cluster of `bin/shoal up`, as a user starts it, with two nodes (the suite asks for that many). */
export interface ConformanceCluster extends AsyncDisposable {
  readonly kubeconfig: string
  /** What the cluster has said when it ended by itself. */
  readonly ended: Promise<string>
}

/** Only one of these starts an engine of its own; what it cannot pull is loaded into it first. */
const ENGINES: Readonly<Record<string, () => Promise<Engine>>> = {
  cri: async () => {
    const engine = await startContainerd()
    engine.load(...(await conformanceImages()))
    return { ...engine, args: [`--cri-endpoint=${engine.endpoint}`] }
  },
}

interface Engine extends AsyncDisposable {
  readonly args: readonly string[]
}

export async function startCluster(runtime: string): Promise<ConformanceCluster> {
  const engine = await ENGINES[runtime]?.()
  const user = openUser()
  const kubeconfig = `${user.directory}/kubeconfig`
  const up = user.start([
    'up',
    '--in-memory',
    '--port=0',
    '--nodes=2',
    `--runtime=${runtime}`,
    `--kubeconfig=${kubeconfig}`,
    ...(engine?.args ?? []),
  ])
  await up.says(/ready in/)
  return {
    kubeconfig,
    ended: up.outcome.then(({ stderr }) => stderr),
    async [Symbol.asyncDispose]() {
      up.process.kill('SIGTERM')
      await up.outcome
      await engine?.[Symbol.asyncDispose]()
      user[Symbol.dispose]()
    },
  }
}
