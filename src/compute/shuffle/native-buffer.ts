/** Methods of Node's buffers that its types leave out: they skip the look-up of the encoding, which short texts notice. */
export interface NativeBuffer extends Buffer<ArrayBuffer> {
  latin1Slice(start?: number, end?: number): string
  utf8Slice(start?: number, end?: number): string
  utf8Write(text: string, offset?: number, length?: number): number
}

export function allocate(bytes: number): NativeBuffer {
  return Buffer.allocUnsafeSlow(bytes) as unknown as NativeBuffer
}
