import type { MessagePort } from 'node:worker_threads'
import type { PartAnswer, PartHome, PartQuestion } from '../wire/parts.ts'

/** What a program on a thread may do with parts: leave its own in the worker's directory, fetch those of other workers. */
export interface PartStore {
  home(): Promise<PartHome>
  /** Bytes of a file that the worker at `address` has written. Rejects where they cannot be had. */
  fetch(address: string, file: string, from: number, to: number): Promise<Uint8Array>
}

/** Asks the worker's main thread: it holds the connections and the token, user code on this thread does not. */
export function partStoreOf(port: MessagePort): PartStore {
  const waiting = new Map<number, (answer: PartAnswer) => void>()
  let last = 0
  let home: Promise<PartHome> | undefined
  port.on('message', (answer: PartAnswer) => {
    const asked = waiting.get(answer.id)
    waiting.delete(answer.id)
    asked?.(answer)
  })
  const ask = (question: PartQuestion): Promise<PartAnswer> =>
    new Promise((resolve) => {
      waiting.set(question.id, resolve)
      port.postMessage(question)
    })
  const askHome = async () => {
    const answer = await ask({ type: 'home', id: ++last })
    if (!('home' in answer)) throw new Error(`Cannot keep parts on disk: ${'error' in answer ? answer.error : ''}`)
    return answer.home
  }
  return {
    home: () => (home ??= askHome()),
    async fetch(address, file, from, to) {
      const answer = await ask({ type: 'fetch', id: ++last, address, file, from, to })
      if ('bytes' in answer) return answer.bytes
      throw new Error('error' in answer ? answer.error : 'no answer')
    },
  }
}
