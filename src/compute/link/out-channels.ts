/** Messages that wait to be sent, by channel: they take turns, each within its credit. */
export interface OutChannels {
  add(id: number, body: Uint8Array): void
  /** At most so many bytes of the message whose turn it is. */
  take(maxBytes: number): TakenPart | undefined
  /** So many bytes of the channel have been taken in by whoever they were for, since the beginning. */
  consumed(id: number, totalBytes: number): void
  /** Bytes of the channel that were added and not consumed yet by the other side. */
  backlog(id: number): number
  /** Whatever of the channel has not begun to be sent never will be. */
  drop(id: number): void
  release(id: number): void
}

export interface TakenPart {
  readonly channel: number
  readonly isLast: boolean
  readonly bytes: Uint8Array
}

/** Bytes of one channel that may be under way or unread at the other side. */
export const CREDIT_BYTES = 32 * 1024 * 1024
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

export function createOutChannels(): OutChannels {
  const channels = new Map<number, Channel>()
  const channelOf = (id: number) => {
    const found = channels.get(id)
    if (found !== undefined) return found
    const made: Channel = { waiting: [], offset: 0, addedBytes: 0, takenBytes: 0, consumedBytes: 0 }
    channels.set(id, made)
    return made
  }
  const next = (): readonly [number, Channel] | undefined => {
    const control = channels.get(CONTROL_CHANNEL)
    if (control !== undefined && control.waiting.length > 0) return [CONTROL_CHANNEL, control]
    for (const [id, channel] of channels) if (id !== CONTROL_CHANNEL && maySend(channel)) return [id, channel]
    return undefined
  }
  return {
    add(id, body) {
      const channel = channelOf(id)
      channel.waiting.push(body)
      channel.addedBytes += body.byteLength
    },
    take(maxBytes) {
      const [id, channel] = next() ?? []
      if (id === undefined || channel === undefined) return undefined
      // To the end of the line, so that the others have their turn.
      channels.delete(id)
      channels.set(id, channel)
      return { channel: id, ...takeFrom(channel, maxBytes) }
    },
    consumed(id, totalBytes) {
      const channel = channels.get(id)
      if (channel !== undefined) channel.consumedBytes = Math.max(channel.consumedBytes, totalBytes)
    },
    backlog(id) {
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
  }
}

const maySend = ({ waiting, takenBytes, consumedBytes }: Channel) =>
  waiting.length > 0 && takenBytes - consumedBytes < CREDIT_BYTES

function takeFrom(channel: Channel, maxBytes: number): Omit<TakenPart, 'channel'> {
  const body = channel.waiting[0]!
  const bytes = body.subarray(channel.offset, channel.offset + maxBytes)
  channel.offset += bytes.byteLength
  channel.takenBytes += bytes.byteLength
  const isLast = channel.offset === body.byteLength
  if (isLast) {
    channel.waiting.shift()
    channel.offset = 0
  }
  return { isLast, bytes }
}
