import { openUser } from '../cli/shoal.ts'
import { startContainerd } from '../engines/containerd.ts'
import { startDockerd } from '../engines/dockerd.ts'
import type { Engine } from '../engines/engine.ts'
import { conformanceImages } from '../images/conformance.ts'

/** A cluster of `bin/shoal up`, as a user starts it, with two nodes (the suite asks for that many). */
export interface ConformanceCluster extends AsyncDisposable {
  readonly kubeconfig: string
  /** What the cluster has said when it ended by itself. */
  readonly ended: Promise<string>
}

/** Each of these starts an engine of its own; what it cannot pull is loaded into it first. */
const ENGINES: Readonly<Record<string, () => Promise<Engine>>> = { cri: startContainerd, docker: startDockerd }

async function startEngine(runtime: string): Promise<Engine | undefined> {
  const engine = await ENGINES[runtime]?.()
  engine?.load(...(await conformanceImages()))
  return engine
}

export async function startCluster(runtime: string): Promise<ConformanceCluster> {
  const engine = await startEngine(runtime)
  const user = openUser()
  const kubeconfig = `${user.directory}/kubeconfig`
  const up = user.start([
    'up',
    '--in-memory',
    '--port=0',
    '--nodes=2',
    `--runtime=${runtime}`,
    `--kubeconfig=${kubeconfig}`,
    ...(engine === undefined ? [] : [`--cri-endpoint=${engine.endpoint}`]),
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
