import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { WORKER_VARIABLES } from '../wire/worker-variables.ts'
import { createWorkerProcesses } from '../worker-processes.ts'
import type { WorkerPool } from '../worker-pool.ts'

/** Workers whose connections to their coordinator a test can sever. */
export interface SeveredWorkers {
  readonly pool: WorkerPool
  /** `cut`: both sides hear of it. `half-open`: nobody does, nothing passes any more. */
  sever(pid: number, how: 'cut' | 'half-open'): void
}

/** Each worker dials a relay of its own. */
export function severedWorkers(count: number): SeveredWorkers {
  const workers = Array.from({ length: count }, (_, index) => {
    const pod = `severed-${index}`
    const processes = createWorkerProcesses({ count: 1, threads: 1, variables: { [WORKER_VARIABLES.pod]: pod } })
    return { pod, processes, relay: createRelay() }
  })
  return {
    sever(pid, how) {
      const found = workers.find(({ processes }) => [...processes.running.values()].some((child) => child.pid === pid))
      found!.relay.sever(how)
    },
    pool: {
      wanted: count,
      async start(address, token) {
        for (const { processes, relay } of workers) await processes.start(await relay.listen(address), token)
      },
      investigate: (record) => Promise.resolve(record),
      async discard(pod) {
        const own = workers.find((worker) => worker.pod === pod)
        for (const child of own?.processes.running.values() ?? []) child.kill('SIGKILL')
      },
      reasons: () => Promise.resolve([]),
      async close() {
        await Promise.all(workers.map(({ processes }) => processes.close()))
        for (const { relay } of workers) relay.close()
      },
    },
  }
}

function createRelay() {
  const pairs = new Set<readonly [Socket, Socket]>()
  let server: Server | undefined
  const join = (socket: Socket, address: string) => {
    const [, host = '', port = ''] = /^tcp:(.+):(\d+)$/.exec(address) ?? []
    const onward = connect(Number(port), host)
    pairs.add([socket, onward])
    socket.pipe(onward).pipe(socket)
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      one.on('error', () => {}).on('close', () => other.destroy())
    }
  }
  return {
    async listen(address: string): Promise<string> {
      server = createServer((socket) => join(socket, address))
      await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve))
      return `tcp:127.0.0.1:${(server.address() as AddressInfo).port}`
    },
    sever(how: 'cut' | 'half-open') {
      for (const pair of pairs) {
        for (const socket of pair) {
          if (how === 'cut') socket.destroy()
          else socket.unpipe().pause()
        }
      }
      pairs.clear()
    },
    close: () => server?.close(),
  }
}
