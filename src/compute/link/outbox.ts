import { createOutChannels } from './out-channels.ts'

/** A piece of a message on its way: whole messages are cut so that none holds up the others for long. */
export interface Fragment {
  readonly sequence: number
  readonly channel: number
  readonly isLast: boolean
  readonly bytes: Uint8Array
}

export interface Outbox {
  /** Queues a message; its memory belongs to the outbox from here on. */
  add(channel: number, body: Uint8Array): void
  /** The next fragment that may be sent: channels take turns, each within its credit. */
  take(): Fragment | undefined
  /** The other side has all fragments up to `sequence`. */
  acknowledged(sequence: number): void
  /** So many bytes of the channel have been taken in by whoever they were for, since the beginning. */
  consumed(channel: number, totalBytes: number): void
  /** After a cut: everything after `sequence` is sent again, in the old order. */
  rewind(sequence: number): void
  /** Bytes of the channel that were added and not consumed yet by the other side. */
  backlog(channel: number): number
  /** Whatever of the channel has not begun to be sent never will be. */
  drop(channel: number): void
  /** Nothing more will be sent on the channel, and all of it has been read. */
  release(channel: number): void
  /** Forgets everything, numbers included: the other side has never heard of us. */
  reset(): void
}

export const FRAGMENT_BYTES = 256 * 1024

/** What is to be sent over a connection that may be cut at any time, until the other side has it. */
export function createOutbox(): Outbox {
  let channels = createOutChannels()
  let unacknowledged: Fragment[] = []
  /** Fragments of `unacknowledged` from here on are to be sent again. */
  let resendAt = 0
  let lastSequence = 0
  const takeNew = (): Fragment | undefined => {
    const taken = channels.take(FRAGMENT_BYTES)
    if (taken === undefined) return undefined
    const fragment = { ...taken, sequence: ++lastSequence }
    unacknowledged.push(fragment)
    return fragment
  }
  const acknowledged = (sequence: number) => {
    let count = 0
    while (count < unacknowledged.length && unacknowledged[count]!.sequence <= sequence) count++
    if (count > 0) unacknowledged = unacknowledged.slice(count)
    resendAt = Math.max(0, resendAt - count)
  }
  return {
    add: (id, body) => channels.add(id, body),
    take() {
      const fragment = unacknowledged[resendAt] ?? takeNew()
      if (fragment !== undefined) resendAt++
      return fragment
    },
    acknowledged,
    consumed: (id, totalBytes) => channels.consumed(id, totalBytes),
    rewind(sequence) {
      acknowledged(sequence)
      resendAt = 0
    },
    backlog: (id) => channels.backlog(id),
    drop: (id) => channels.drop(id),
    release: (id) => channels.release(id),
    reset() {
      channels = createOutChannels()
      unacknowledged = []
      resendAt = lastSequence = 0
    },
  }
}
