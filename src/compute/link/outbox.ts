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

/** Bytes of one channel that may be under way or unread at the other side. */
export const CREDIT_BYTES = 32 * 1024 * 1024
export const FRAGMENT_BYTES = 256 * 1024
/** Carries control messages: they answer to no credit and go before all else, so that what they announce comes after them. */
export const CONTROL_CHANNEL = 0

interface Channel {
  readonly waiting: Uint8Array[]
  /** How much of the first waiting message has been taken. */
  offset: number
  addedBytes: number
  takenBytes: number
  consumedBytes: number
}

/** What is to be sent over a connection that may be cut at any time, until the other side has it. */
export function createOutbox(): Outbox {
  let channels = new Map<number, Channel>()
  let unacknowledged: Fragment[] = []
  /** Fragments of `unacknowledged` from here on are to be sent again. */
  let resendAt = 0
  let lastSequence = 0
  const channelOf = (id: number) => {
    const found = channels.get(id)
    if (found !== undefined) return found
    const made: Channel = { waiting: [], offset: 0, addedBytes: 0, takenBytes: 0, consumedBytes: 0 }
    channels.set(id, made)
    return made
  }
  const takeNew = (): Fragment | undefined => {
    const control = channels.get(CONTROL_CHANNEL)
    if (control !== undefined && control.waiting.length > 0) return takeFrom(CONTROL_CHANNEL, control)
    for (const [id, channel] of channels) {
      if (id === CONTROL_CHANNEL || channel.waiting.length === 0) continue
      if (channel.takenBytes - channel.consumedBytes < CREDIT_BYTES) return takeFrom(id, channel)
    }
    return undefined
  }
  const takeFrom = (id: number, channel: Channel): Fragment => {
    const body = channel.waiting[0]!
    const bytes = body.subarray(channel.offset, channel.offset + FRAGMENT_BYTES)
    channel.offset += bytes.byteLength
    channel.takenBytes += bytes.byteLength
    const isLast = channel.offset === body.byteLength
    if (isLast) {
      channel.waiting.shift()
      channel.offset = 0
    }
    // To the end of the line, so that the others have their turn.
    channels.delete(id)
    channels.set(id, channel)
    return { sequence: ++lastSequence, channel: id, isLast, bytes }
  }
  const acknowledged = (sequence: number) => {
    let count = 0
    while (count < unacknowledged.length && unacknowledged[count]!.sequence <= sequence) count++
    if (count > 0) unacknowledged = unacknowledged.slice(count)
    resendAt = Math.max(0, resendAt - count)
  }
  return {
    add(id, body) {
      const channel = channelOf(id)
      channel.waiting.push(body)
      channel.addedBytes += body.byteLength
    },
    take() {
      const again = unacknowledged[resendAt]
      const fragment = again ?? takeNew()
      if (fragment === undefined) return undefined
      if (again === undefined) unacknowledged.push(fragment)
      resendAt++
      return fragment
    },
    acknowledged,
    consumed(id, totalBytes) {
      const channel = channels.get(id)
      if (channel === undefined) return
      channel.consumedBytes = Math.max(channel.consumedBytes, totalBytes)
    },
    rewind(sequence) {
      acknowledged(sequence)
      resendAt = 0
    },
    backlog: (id) => {
      const channel = channels.get(id)
      return channel === undefined ? 0 : channel.addedBytes - channel.consumedBytes
    },
    drop(id) {
      const channel = channels.get(id)
      if (channel === undefined) return
      // What has begun must come to its end: the other side holds a part of it.
      const kept = channel.offset > 0 ? 1 : 0
      for (const body of channel.waiting.splice(kept)) channel.addedBytes -= body.byteLength
    },
    release: (id) => void channels.delete(id),
    reset() {
      channels = new Map()
      unacknowledged = []
      resendAt = lastSequence = 0
    },
  }
}
