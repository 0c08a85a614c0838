import { duplexPair } from 'node:stream'
import type { Duplex } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { createDeflate, constants } from 'node:zlib'
import { expect, test } from 'vitest'
import { createHeaderReader, createHeaderWriter } from './header-block.ts'
import { HEADER_DICTIONARY } from './header-dictionary.ts'
import { startSpdySession } from './spdy-session.ts'
import type { SpdySession, SpdyStream } from './spdy-session.ts'

function pair(accept: (stream: SpdyStream) => void): { client: SpdySession; server: SpdySession; wire: Duplex } {
  const [near, far] = duplexPair()
  const server = startSpdySession(far, { side: 'server', accept })
  return { client: startSpdySession(near, { side: 'client' }), server, wire: near }
}

const numbers = (...values: number[]) => {
  const bytes = Buffer.alloc(values.length * 4)
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, index * 4)
  return bytes
}

test('header blocks of one zlib stream are read one after the other', async () => {
  const write = createHeaderWriter()
  const reader = createHeaderReader()
  const first = { streamtype: 'error', port: '8080', requestid: '0' }
  expect({ ...(await reader.read(write(first))) }).toEqual(first)
  expect({ ...(await reader.read(write({ streamtype: 'data' }))) }).toEqual({ streamtype: 'data' })
  reader.close()
})

test('header blocks compressed with the dictionary of the specification are read', async () => {
  expect(HEADER_DICTIONARY.length).toBe(1423)
  const deflate = createDeflate({ dictionary: HEADER_DICTIONARY, level: 9 })
  const block = Buffer.concat([numbers(1, 6), Buffer.from('accept'), numbers(4), Buffer.from('data')])
  deflate.write(block)
  await new Promise<void>((resolve) => deflate.flush(constants.Z_SYNC_FLUSH, resolve))
  const reader = createHeaderReader()
  expect({ ...(await reader.read(deflate.read() as Buffer)) }).toEqual({ accept: 'data' })
})

test('a stream carries its headers, bytes both ways, and an end of each way', async () => {
  const { client } = pair((stream) => {
    void text(stream).then((said) => stream.end(`${stream.headers['streamtype']}: ${said}`))
  })
  const stream = await client.open({ streamType: 'data' })
  stream.end('hello')
  expect(await text(stream)).toBe('data: hello')
  client.close()
  expect(await client.closed).toBeUndefined()
})

test('a sender waits for a reader that does not read', async () => {
  const accepted = Promise.withResolvers<SpdyStream>()
  const { client } = pair((stream) => accepted.resolve(stream))
  const stream = await client.open({})
  const big = Buffer.alloc(4 * 1024 * 1024, 'x')
  const written = new Promise<void>((resolve) => stream.write(big, () => resolve()))
  const other = await client.open({})
  const far = await accepted.promise
  let isWritten = false
  void written.then(() => (isWritten = true))
  expect(other.id).toBe(3)
  expect(isWritten).toBe(false)
  expect(far.readableLength).toBeLessThan(512 * 1024)
  stream.end()
  expect((await buffer(far)).length).toBe(big.length)
  await written
  client.close()
})

test('a refused stream rejects, and the session goes on', async () => {
  const { client } = pair((stream) => {
    if (stream.headers['streamtype'] === 'bad') throw new Error('no')
    stream.end('fine')
  })
  const bad = await client.open({ streamType: 'bad' })
  expect(await text(bad)).toBe('')
  const good = await client.open({ streamType: 'good' })
  expect(await text(good)).toBe('fine')
  client.close()
})

test('what a peer sent before it reset a stream is still read', async () => {
  const { client } = pair((stream) => stream.write('last words', () => stream.destroy()))
  const stream = await client.open({})
  expect(await text(stream)).toBe('last words')
  client.close()
})

test('streams fail when the connection is lost', async () => {
  const { client, wire } = pair(() => {})
  const stream = await client.open({})
  wire.destroy(new Error('cable cut'))
  await expect(text(stream)).rejects.toThrow()
  expect((await client.closed)?.message).toBe('cable cut')
  await expect(client.open({})).rejects.toThrow('the connection was closed')
})
