import { Worker } from 'node:worker_threads'
import type { Client } from '../../client/client.ts'
import type { Endpoint } from '../../client/http/connection.ts'
import type { ClusterOptions } from '../cluster.ts'
import { ClusterError } from '../cluster-error.ts'
import { uncarry } from './carried-error.ts'
import type { FromCluster, ThreadData } from './messages.ts'
import { createPortClient } from './port-client.ts'
import type { PortClient } from './port-client.ts'
import { ownProgram } from '../../env/own-module.ts'

/** A cluster on a thread of its own, as seen from the program's. */
export interface ThreadCluster extends AsyncDisposable {
  /** The API as the cluster's administrator, by messages to its thread. */
  readonly client: Client
  /** Resolves when controllers, scheduler and nodes work. */
  readonly ready: Promise<void>
  listen(at?: { readonly port?: number; readonly host?: string }): Promise<Endpoint>
  close(): Promise<void>
}

/**
 * Starts a cluster on a thread of its own. Returns at once: what is asked of the client waits until the API answers.
 * `ready` rejects with a `ClusterError` where the cluster cannot start, and so does whatever was asked by then.
 */
export function startClusterThread(options: Omit<ClusterOptions, 'env'> = {}): ThreadCluster {
  const data: ThreadData = { options }
  const worker = new Worker(ownProgram(import.meta.url, './cluster-thread'), { workerData: data, name: 'cluster' })
  const port = createPortClient((message) => worker.postMessage(message))
  const ready = Promise.withResolvers<void>()
  ready.promise.catch(() => {})
  const ended = Promise.withResolvers<void>()
  worker.on('message', (message: FromCluster) => {
    if (message.is === 'ready') ready.resolve()
    else if (message.is === 'unready') ready.reject(uncarry(message.error))
    // What still holds the thread up then, such as a helper that hangs, must not hold up the program's end.
    else if (message.is === 'closed') void worker.terminate()
    else port.receive(message)
  })
  const fail = (error: Error) => {
    ready.reject(error)
    port.fail(error)
  }
  worker.once('error', (error) => fail(error as Error))
  worker.once('exit', (code) => {
    fail(endedError(code))
    ended.resolve()
  })
  return threadCluster(worker, port, ready.promise, ended.promise)
}

function threadCluster(worker: Worker, port: PortClient, ready: Promise<void>, ended: Promise<void>): ThreadCluster {
  let closing: Promise<void> | undefined
  const close = () => {
    if (closing === undefined) {
      worker.postMessage({ do: 'close' })
      closing = ended
    }
    return closing
  }
  return {
    client: port.client,
    ready,
    listen: (at = {}) => port.ask((id) => ({ do: 'listen', id, at })),
    close,
    [Symbol.asyncDispose]: close,
  }
}

function endedError(code: number): ClusterError {
  const message = `Cannot ask the cluster: its thread ended with code ${code}, expected it to run`
  return new ClusterError('CLUSTER_ENDED', message, 'keep the session open while it is used')
}
