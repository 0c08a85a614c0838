import type { Duplex } from 'node:stream'
import { openLink } from '../wire/link.ts'
import type { Link } from '../wire/link.ts'
import { encodePartRequest, PART_FRAME, PART_ID_BYTES } from '../wire/parts.ts'

/** Connections to other workers, opened at first need and kept: asks them for ranges of files that they have written. */
export interface PartPeers {
  /** Rejects where the worker cannot be reached, goes away, or has no such bytes. */
  fetch(address: string, file: string, from: number, to: number): Promise<Uint8Array<ArrayBuffer>>
}

/** Opens a connection to the address under which another worker serves its parts. */
export type DialPart = (address: string) => Duplex

interface Waiting {
  resolve(bytes: Uint8Array<ArrayBuffer>): void
  reject(error: Error): void
}

interface Peer {
  readonly link: Promise<Link>
  readonly waiting: Map<number, Waiting>
}

export function createPartPeers(dial: DialPart, token: string): PartPeers {
  const peers = new Map<string, Peer>()
  let last = 0
  const peerAt = (address: string): Peer => {
    const known = peers.get(address)
    if (known !== undefined) return known
    const peer = openPeer(dial, token, address, () => peers.delete(address))
    peers.set(address, peer)
    return peer
  }
  return {
    async fetch(address, file, from, to) {
      const peer = peerAt(address)
      const link = await peer.link
      const id = ++last
      return new Promise((resolve, reject) => {
        peer.waiting.set(id, { resolve, reject })
        link.send(PART_FRAME.request, encodePartRequest(id, file, from, to))
      })
    },
  }
}

function openPeer(dial: DialPart, token: string, address: string, onClosed: () => void): Peer {
  const waiting = new Map<number, Waiting>()
  const link = new Promise<Link>((resolve, reject) => {
    openLink(dial(address), 'worker', token, {
      onOpen: resolve,
      onFrame(kind, body) {
        const id = new DataView(body.buffer, body.byteOffset).getUint32(0, true)
        const asked = waiting.get(id)
        waiting.delete(id)
        if (kind === PART_FRAME.bytes) asked?.resolve(body.subarray(PART_ID_BYTES))
        else asked?.reject(new Error(Buffer.from(body.subarray(PART_ID_BYTES)).toString()))
      },
      onClosed(error) {
        onClosed()
        const gone = new Error(`the worker at ${address} went away${error === undefined ? '' : `: ${error.message}`}`)
        reject(gone)
        for (const asked of waiting.values()) asked.reject(gone)
      },
    })
  })
  link.catch(() => {})
  return { link, waiting }
}
