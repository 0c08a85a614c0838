import { Worker } from 'node:worker_threads'
import type { Environment } from '../../env/environment.ts'
import type { ServicePort } from '../services/service-port.ts'
import { listenerKey, listenersOf } from './listener.ts'
import type { Listener, ListenerPlace } from './listener.ts'
import type { TableChange, TableChanged } from './messages.ts'
import { ownProgram } from '../../env/own-module.ts'

/** Balances connections on a thread of its own, which starts with the first listener. */
export interface UserlandBalancer {
  /** Replaces the ports of these Services, by key; resolves when that is in effect. */
  apply(changes: ReadonlyMap<string, readonly ServicePort[]>): Promise<void>
  /** Why each port of a Service is not, or not there, listened on: by the key of its listener. */
  readonly failures: ReadonlyMap<string, string>
  readonly shifted: ReadonlyMap<string, number>
  close(): Promise<void>
}

export function createUserlandBalancer(env: Environment, place: ListenerPlace): UserlandBalancer {
  const wanted = new Map<string, ReadonlyMap<string, Listener>>()
  const failures = new Map<string, string>()
  const shifted = new Map<string, number>()
  const waiting = new Map<number, (answer: TableChanged) => void>()
  let thread: Worker | undefined
  let lastId = 0

  const start = () => {
    const worker = new Worker(ownProgram(import.meta.url, './balancer-thread'), { name: 'balancer' })
    worker.unref()
    worker.on('message', (answer: TableChanged) => {
      waiting.get(answer.id)?.(answer)
      waiting.delete(answer.id)
    })
    worker.on('error', (error) => env.log.error('the balancer of Services ended', { error }))
    worker.on('exit', () => {
      for (const done of waiting.values()) done({ id: 0, failures: new Map(), shifted: new Map() })
      waiting.clear()
      if (thread === worker) thread = undefined
    })
    return worker
  }
  const ask = (listen: readonly Listener[], close: readonly string[]) =>
    new Promise<TableChanged>((resolve) => {
      const change: TableChange = { id: ++lastId, listen, close }
      waiting.set(change.id, resolve)
      thread!.postMessage(change)
    })
  return {
    failures,
    shifted,
    async apply(changes) {
      const gone = new Map<string, Listener>()
      const now = new Map<string, Listener>()
      for (const [service, ports] of changes) {
        for (const [key, listener] of wanted.get(service) ?? []) gone.set(key, listener)
        const listeners = ports.flatMap((port) => listenersOf(port, place))
        wanted.set(service, new Map(listeners.map((listener) => [listenerKey(listener), listener])))
        if (listeners.length === 0) wanted.delete(service)
        for (const listener of listeners) now.set(listenerKey(listener), listener)
      }
      for (const key of now.keys()) gone.delete(key)
      for (const listeners of gone.size > 0 ? wanted.values() : []) {
        // Another Service waited for the same address and port.
        for (const [key, listener] of listeners) if (gone.delete(key)) now.set(key, listener)
      }
      if (thread === undefined && now.size === 0) return
      const isNew = thread === undefined
      thread ??= start()
      // After a thread that failed all listeners are opened again.
      const all = isNew ? [...wanted.values()].flatMap((each) => [...each.values()]) : [...now.values()]
      const answer = await ask(all, [...gone.keys()])
      for (const key of [...gone.keys(), ...all.map(listenerKey)]) {
        failures.delete(key)
        shifted.delete(key)
      }
      for (const [key, code] of answer.failures) failures.set(key, code)
      for (const [key, port] of answer.shifted) shifted.set(key, port)
    },
    async close() {
      await thread?.terminate()
    },
  }
}
