import type { DriverStageMessage, WorkData } from './message.ts'

/** A task that came from the driver: what is in it is for the worker alone. */
export interface ServedWork extends WorkData {
  payload: Uint8Array | Promise<Uint8Array>
  readonly channel: number
  /** What its message took of the channel's credit; given back once its result is on its way. */
  readonly messageBytes: number
  pieces: readonly ServedWork[]
}

/** The tasks of one stage that have come from the driver and are not over. */
export interface ServedWorks {
  /** Takes in what the driver hands over. */
  take(message: TaskMessage, payload: Uint8Array, messageBytes: number): void
  /** The next that the coordinator may have. */
  next(): ServedWork | undefined
  readonly waiting: number
  get(id: number): ServedWork | undefined
  /** Its credit is given back. */
  over(work: ServedWork): void
  /** The driver has been asked for the pieces of `work`, or is now. */
  split(work: ServedWork): readonly ServedWork[]
  /** Nobody wants its result. One that has not come yet is over when it does. */
  revoke(id: number): void
}

type TaskMessage = DriverStageMessage & { readonly type: 'task' | 'piece' }

/** `askPieces` asks the driver to cut a piece of work; `consumed` gives bytes of credit back. */
export function createServedWorks(
  channel: number,
  askPieces: (work: number) => void,
  consumed: (bytes: number) => void,
): ServedWorks {
  let waiting: ServedWork[] = []
  /** With the coordinator, or waiting for it. */
  const works = new Map<number, ServedWork>()
  const cut = new Map<number, { readonly work: ServedWork; readonly pieces: ServedWork[] }>()
  const revoked = new Set<number>()
  const over = (work: ServedWork) => {
    if (works.delete(work.id)) consumed(work.messageBytes)
  }
  const takePiece = (of: number, work: ServedWork, last: boolean) => {
    const whole = cut.get(of)
    if (whole === undefined) return
    whole.pieces.push(work)
    if (last) whole.work.pieces = whole.pieces
  }
  return {
    take(message, payload, messageBytes) {
      const work: ServedWork = { ...message.work, channel, payload, messageBytes, pieces: [] }
      works.set(work.id, work)
      if (revoked.delete(work.id)) over(work)
      else if (message.type === 'piece') takePiece(message.of, work, message.last)
      else waiting.push(work)
    },
    next: () => waiting.shift(),
    get waiting() {
      return waiting.length
    },
    get: (id) => works.get(id),
    over,
    split(work) {
      if (work.pieces.length > 0) return work.pieces
      if (work.size > 1 && !cut.has(work.id)) {
        cut.set(work.id, { work, pieces: [] })
        askPieces(work.id)
      }
      return [work]
    },
    revoke(id) {
      const work = works.get(id)
      if (work === undefined) return void revoked.add(id)
      waiting = waiting.filter((each) => each !== work)
      over(work)
    },
  }
}
