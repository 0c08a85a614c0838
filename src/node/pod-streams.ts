import type { Duplex } from 'node:stream'
import type { CommandStreams, StartCommand } from '../streams/remote-command/command.ts'
import { UpgradeError } from '../streams/remote-command/serve-command.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { recordOf } from './pod-record.ts'
import type { PodWorker } from './pod-worker.ts'

/** A pod as whoever asks for its streams names it; `uid` may be empty, and then the newest of that name is meant. */
export interface PodName {
  readonly namespace: string
  readonly name: string
  readonly uid: string
}

/** Commands in a node's containers, their own processes, and their ports; all reject with an `UpgradeError`. */
export interface PodStreams {
  /** Resolves when the container is there, to the way of running the command in it. */
  exec(
    pod: PodName,
    container: string,
    request: CommandStreams & { readonly command: readonly string[] },
  ): Promise<StartCommand>
  /** The same for the container's own process. */
  attach(pod: PodName, container: string, request: CommandStreams): Promise<StartCommand>
  /** Resolves when the pod is there, to the way of connecting to its ports. */
  portForward(pod: PodName): Promise<(port: number) => Promise<Duplex>>
}

export function createPodStreams(runtime: Runtime, find: (pod: PodName) => PodWorker | undefined): PodStreams {
  const workerOf = (pod: PodName) => {
    const worker = find(pod)
    if (worker === undefined) throw new UpgradeError(404, 'pod does not exist')
    return worker
  }
  const containerOf = (pod: PodName, container: string): string => {
    const status = recordOf(workerOf(pod).record, container).current
    if (status?.state.phase === 'running') return status.id
    throw new UpgradeError(500, `container not found ("${container}")`)
  }
  return {
    async exec(pod, container, { command, stdin, tty }) {
      const id = containerOf(pod, container)
      return (gone) => runtime.exec(id, { command, stdin, tty, signal: gone })
    },
    async attach(pod, container, { stdin, tty }) {
      const id = containerOf(pod, container)
      const { attach } = runtime
      if (attach === undefined)
        throw new UpgradeError(501, `cannot attach: runtime ${runtime.name} does not support it`)
      return (gone) => attach(id, { stdin, tty, signal: gone })
    },
    async portForward(pod) {
      const { sandbox } = workerOf(pod).record
      if (sandbox === undefined) throw new UpgradeError(500, `unable to forward port because pod is not running`)
      return (port) => runtime.dial(sandbox.id, port)
    },
  }
}
