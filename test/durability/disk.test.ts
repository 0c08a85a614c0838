import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, describe, expect, test } from 'vitest'
import { configMaps } from '../../src/api/generated/resources.ts'
import type { HttpClient } from '../../src/client/http.ts'
import { killRounds } from './kill-rounds.ts'
import { canTrace } from './recorded-calls.ts'
import { startServer } from './server-process.ts'

const root = mkdtempSync(join(tmpdir(), 'shoal-disk-'))
const mounts: string[] = []

afterAll(() => {
  for (const mount of mounts) execFileSync('umount', [mount])
  rmSync(root, { recursive: true })
})

const at = (name: string) => ({ namespace: 'default', name })

function create(client: HttpClient, name: string, value = '') {
  return client.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: at(name), data: { value } })
}

async function namesIn(client: HttpClient): Promise<readonly string[]> {
  const { items } = await client.list(configMaps, { namespace: 'default' })
  return items.map((each) => each.metadata.name ?? '')
}

test('servers that are killed under load have what they acknowledged, and nothing else: 4 rounds', async () => {
  expect(await killRounds(3, 4)).toEqual([])
})

test.skipIf(!canTrace())('a write is answered after its flush has ended: seen in the system calls', async () => {
  const directory = join(root, 'flush')
  mkdirSync(directory)
  const trace = join(root, 'trace')
  const calls = 'trace=openat,pwrite64,pwritev,fdatasync,fsync,rename,write,writev'
  const server = await startServer(directory, ['strace', '-f', '-y', '-xx', '-s', '20000', '-e', calls, '-o', trace])
  // The first answer of a connection may have company, such as TLS tickets.
  await namesIn(server.client)
  const names = ['first', 'second', 'third'].map((name) => `flushed-${name}`)
  for (const name of names) await create(server.client, name)
  await server.stop()
  const lines = readFileSync(trace, 'latin1').split('\n')
  for (const file of ['/ca.key', '/ca.crt']) expectFlushed(lines, file)
  for (const name of names) {
    const needle = hexOf(name)
    const written = lines.findIndex((line) => /pwrite(v|64)\(/.test(line) && line.includes(needle))
    const flushed = lines.findIndex((_, i) => i >= written && endsFlush(lines, i, written))
    const answered = lines.findIndex(
      (line, i) => i > written && / writev?\(\d+<(socket|TCP|\\x73\\x6f\\x63|\\x54\\x43\\x50)/.test(line),
    )
    expect([written > 0, flushed >= written, answered > flushed], name).toEqual([true, true, true])
  }
})

/** What signs, and so must be found again when what it signed for is: its content is flushed before it has its name, its name after. */
function expectFlushed(lines: readonly string[], file: string): void {
  const name = hexOf(file)
  const flushes = (from: number, to: number) =>
    lines.slice(from, to).filter((line) => / fsync(\(| resumed>).*\) += 0/.test(line)).length
  const made = lines.findIndex((line) => line.includes('openat(') && line.includes(`${name}\\x2e`))
  const named = lines.findIndex((line) => line.includes('rename(') && line.includes(name))
  expect([made >= 0, flushes(made, named) > 0, flushes(named, named + 40) > 0], file).toEqual([true, true, true])
}

const hexOf = (text: string) => [...Buffer.from(text)].map((byte) => `\\x${byte.toString(16)}`).join('')

/** Whether a flush that began after line `written` has ended well at line `i`, or a write that returns when it is flushed. */
function endsFlush(lines: readonly string[], i: number, written: number): boolean {
  const line = lines[i]!
  if (endsSyncedWrite(lines, i, written)) return true
  if (/ fdatasync\(.*\) += 0/.test(line)) return true
  if (!/<\.\.\. fdatasync resumed>\) += 0/.test(line)) return false
  const thread = line.split(' ')[0]!
  const began = lines.findLastIndex((each, at) => at < i && new RegExp(`^${thread} +fdatasync`).test(each))
  return began > written
}

/** Whether line `i` is the end of the write that began at line `written`, to a descriptor that was opened with `O_DSYNC`. */
function endsSyncedWrite(lines: readonly string[], i: number, written: number): boolean {
  const [, thread = '', call = '', descriptor = ''] = /^(\d+) +(pwrite\w+)\((\d+)</.exec(lines[written]!) ?? []
  const isEnd = new RegExp(`^${thread} +<... ${call} resumed>.*= \\d+$`).test(lines[i]!)
  if (i !== written ? !isEnd : !/= \d+$/.test(lines[i]!)) return false
  const opened = lines.findLast((line, at) => at < written && new RegExp(` = ${descriptor}<`).test(line))
  return opened?.includes('O_DSYNC') === true
}

/** Makes system calls of a process fail until it is disposed of. */
async function failing(directory: string, calls: string, error: string): Promise<AsyncDisposable> {
  const pid = /\d+/.exec(readFileSync(join(directory, 'store', 'owner'), 'utf8'))![0]
  const options = ['-f', '-p', pid, '-o', '/dev/null', '-e', `trace=${calls}`, '-e', `inject=${calls}:error=${error}`]
  const strace = spawn('strace', options, { stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = once(strace, 'exit')
  for await (const line of createInterface(strace.stderr)) if (line.includes('attached')) break
  strace.stderr.resume()
  return {
    async [Symbol.asyncDispose]() {
      strace.kill('SIGINT')
      await ended
    },
  }
}

describe.skipIf(!canTrace())('a disk that fails', () => {
  test.each([
    ['a write', 'pwritev', 'EIO', /Cannot use data directory .+: EIO/],
    ['a write on a disk that became read-only', 'pwritev,pwrite64', 'EROFS', /it is not writable/],
    ['a write on a full disk', 'pwritev,pwrite64', 'ENOSPC', /its disk is full/],
  ])(
    '%s: the client gets a 500 that says so, nothing is lost, and later writes succeed',
    async (_what, calls, error, says) => {
      const directory = join(root, `${calls}-${error}`)
      mkdirSync(directory)
      const server = await startServer(directory)
      await create(server.client, 'before')
      const told: string[] = []
      const watch = server.client.watch(
        configMaps,
        { namespace: 'default', resourceVersion: '0' },
        {
          events: (events) => void told.push(...events.map(({ object }) => object.metadata.name ?? '')),
          closed: () => {},
        },
      )
      {
        await using _ = await failing(directory, calls, error)
        const refusal = { code: 500, reason: 'InternalError', message: expect.stringMatching(says) as string }
        await expect(create(server.client, 'refused')).rejects.toMatchObject(refusal)
        await expect(create(server.client, 'refused-too', 'x'.repeat(50_000))).rejects.toMatchObject(refusal)
        expect(await namesIn(server.client)).toEqual(['before'])
      }
      await create(server.client, 'after')
      expect(await namesIn(server.client)).toEqual(['after', 'before'])
      ;(await watch).close()
      await server.kill()
      const again = await startServer(directory)
      expect(await namesIn(again.client)).toEqual(['after', 'before'])
      expect(told.filter((name) => name.startsWith('refused'))).toEqual([])
      await again.stop()
    },
  )
})

const small = mountSmall()

function mountSmall(): string | undefined {
  const directory = join(root, 'small')
  mkdirSync(directory)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=5m', 'tmpfs', directory], { stdio: 'ignore' })
    mounts.push(directory)
    return directory
  } catch {
    return undefined
  }
}

test.skipIf(small === undefined)('a disk that fills up: reads go on, and writes do when there is room', async () => {
  const server = await startServer(small!)
  const made: string[] = []
  const fill = async () => {
    for (let i = 0; i < 100; i++) {
      await create(server.client, `n${i}`, 'x'.repeat(200_000))
      made.push(`n${i}`)
    }
  }
  writeFileSync(join(small!, 'filler'), Buffer.alloc(1_000_000))
  await expect(fill()).rejects.toMatchObject({ code: 500, message: expect.stringContaining('its disk is full') })
  expect((await namesIn(server.client)).toSorted()).toEqual(made.toSorted())
  rmSync(join(small!, 'filler'))
  await create(server.client, 'later', 'x'.repeat(200_000))
  await server.kill()
  const again = await startServer(small!)
  expect((await namesIn(again.client)).toSorted()).toEqual([...made, 'later'].toSorted())
  await again.stop()
})
