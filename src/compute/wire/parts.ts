import { parseAddress } from './address.ts'

/** Frames between workers: a range of a file that one has written is asked for, and sent or missed. */
export const PART_FRAME = { request: 20, bytes: 21, missing: 22 } as const

/** What a thread asks of its worker's main thread, which holds the connections. */
export type PartQuestion =
  | { readonly type: 'home'; readonly id: number }
  | {
      readonly type: 'fetch'
      readonly id: number
      readonly address: string
      readonly file: string
      readonly from: number
      readonly to: number
    }

export type PartAnswer =
  | { readonly id: number; readonly home: PartHome }
  | { readonly id: number; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly id: number; readonly error: string }

/** Where a worker keeps what it has made for others, and where these ask for it. */
export interface PartHome {
  /** The worker's own directory, which only its user may enter. It goes with the worker. */
  readonly directory: string
  readonly address: string
}

/** Between workers, at the head of a request or reply: which one it is. A request goes on with the range and the file. */
export const PART_ID_BYTES = 4
const REQUEST_BYTES = PART_ID_BYTES + 16

export function encodePartRequest(id: number, file: string, from: number, to: number): Uint8Array {
  const name = Buffer.from(file)
  const body = new Uint8Array(REQUEST_BYTES + name.byteLength)
  const view = new DataView(body.buffer)
  view.setUint32(0, id, true)
  view.setFloat64(PART_ID_BYTES, from, true)
  view.setFloat64(PART_ID_BYTES + 8, to, true)
  body.set(name, REQUEST_BYTES)
  return body
}

export function decodePartRequest(body: Uint8Array): { id: number; file: string; from: number; to: number } {
  const view = new DataView(body.buffer, body.byteOffset)
  return {
    id: view.getUint32(0, true),
    from: view.getFloat64(PART_ID_BYTES, true),
    to: view.getFloat64(PART_ID_BYTES + 8, true),
    file: Buffer.from(body.subarray(REQUEST_BYTES)).toString(),
  }
}

/** Whether both are of one machine: what one writes there the other may be able to read in place. */
export function isLocalAddress(address: string): boolean {
  return 'path' in parseAddress(address)
}
