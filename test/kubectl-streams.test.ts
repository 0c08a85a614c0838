import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { portForward } from '../src/client/streams/port-forward.ts'
import { channelsToPort } from '../src/client/streams/port-channels.ts'
import type { Endpoint } from '../src/client/http/connection.ts'
import { formatKubeconfig } from '../src/client/kubeconfig.ts'
import { createCluster } from '../src/cluster/cluster.ts'
import type { Cluster } from '../src/cluster/cluster.ts'

interface Result {
  readonly code: number
  readonly out: string
  readonly err: string
}

function run(file: string, args: readonly string[], options: { input?: string; env?: NodeJS.ProcessEnv } = {}) {
  return new Promise<Result>((resolve) => {
    const env = { PATH: process.env['PATH'], ...options.env }
    const child = execFile(file, args, { env, maxBuffer: 64 * 1024 * 1024 }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), out, err })
    })
    child.stdin?.on('error', () => {})
    child.stdin?.end(options.input ?? '')
  })
}

const found = await run('kubectl', ['version', '--client'])
const hasScript = (await run('script', ['--version'])).code === 0
const IMAGE = `node:${process.versions.node.split('.')[0]}`
const SERVER = `require('http').createServer((q, r) => r.end('hello from ' + q.url)).listen(8080, () => console.log('listens'))`

/** A stock kubectl is not part of the set-up: without one these are skipped, and counted as skipped. */
describe.skipIf(found.code !== 0)('a stock kubectl, over streams', { timeout: 30_000 }, () => {
  let cluster: Cluster
  let endpoint: Endpoint
  let directory: string

  const raw = (args: readonly string[], more: { input?: string; env?: NodeJS.ProcessEnv } = {}) =>
    run('kubectl', args, { ...more, env: { KUBECONFIG: join(directory, 'config'), HOME: directory, ...more.env } })

  const start = async (name: string, ...command: string[]) => {
    await raw(['run', name, `--image=${IMAGE}`, '--command', '--', ...command])
    const ready = await raw(['wait', '--for=condition=Ready', `pod/${name}`, '--timeout=20s'])
    expect(ready.err).toBe('')
  }

  beforeAll(async () => {
    cluster = await createCluster()
    endpoint = await cluster.listen()
    await cluster.ready
    directory = mkdtempSync(join(tmpdir(), 'kubectl-streams-'))
    writeFileSync(join(directory, 'config'), formatKubeconfig({ name: 'test', endpoint }))
    await start('web', 'node', '-e', SERVER)
  }, 60_000)

  afterAll(async () => {
    await cluster.close()
    rmSync(directory, { recursive: true, force: true })
  })

  const TRANSPORTS = [
    ['WebSocket', 'true'],
    ['SPDY', 'false'],
  ] as const

  test.each(TRANSPORTS)('exec over %s carries both outputs, input and the exit code', async (_name, isWebSocket) => {
    const env = { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: isWebSocket }
    const script = 'cat; echo fault >&2; exit 3'
    const { code, out, err } = await raw(['exec', '-i', 'web', '--', 'sh', '-c', script], { input: 'typed', env })
    expect({ code, out, err }).toEqual({
      code: 3,
      out: 'typed',
      err: 'fault\ncommand terminated with exit code 3\n',
    })
  })

  test.each(TRANSPORTS)('cp over %s copies a file there and back', async (name, isWebSocket) => {
    const env = { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: isWebSocket }
    const content = Buffer.alloc(2_000_000, `${name} `)
    const [there, back] = [join(directory, 'there'), join(directory, 'back')]
    writeFileSync(there, content)
    const inPod = `web:/tmp/copied-${process.pid}-${name}`
    expect((await raw(['cp', there, inPod], { env })).code).toBe(0)
    expect((await raw(['cp', inPod, back], { env })).code).toBe(0)
    expect(readFileSync(back).equals(content)).toBe(true)
    await raw(['exec', 'web', '--', 'rm', inPod.slice(4)])
  })

  test('exec of a command that does not exist fails with the words of the runtime, and exec in no container is refused', async () => {
    const missing = await raw(['exec', 'web', '--', 'no-such-command'])
    expect(missing.code).toBe(1)
    expect(missing.err).toContain('exec: "no-such-command": executable file not found in $PATH')
    const wrong = await raw(['exec', 'web', '-c', 'other', '--', 'true'])
    expect(wrong.err).toBe('Error from server (BadRequest): container other is not valid for pod web\n')
  })

  test.skipIf(!hasScript)('exec -it has a terminal of the size of the caller', async () => {
    const inner = `stty cols 77 rows 33; kubectl exec -it web -- sh -c 'until [ "$(stty size)" = "33 77" ]; do :; done; tty; exit 5'`
    const env = { KUBECONFIG: join(directory, 'config'), HOME: directory, SHELL: '/bin/sh' }
    const { code, out } = await run('script', ['-qec', inner, '/dev/null'], { env })
    expect(out).toContain('/dev/pts/')
    expect(code).toBe(5)
  })

  test('run -i --rm hands on its input, prints the output, and removes the pod', async () => {
    const args = ['run', '-i', '--rm', 'once', `--image=${IMAGE}`, '--restart=Never', '--command', '--', 'cat']
    const { code, out } = await raw(args, { input: 'through the container\n' })
    expect(out).toContain('through the container\n')
    expect(code).toBe(0)
    expect((await raw(['get', 'pod', 'once'])).err).toContain('pods "once" not found')
  })

  test('attach shows what the container writes from then on', async () => {
    await start('ticker', 'sh', '-c', 'while true; do echo tick; sleep 0.1; done')
    const child = spawn('kubectl', ['attach', 'ticker'], {
      env: { PATH: process.env['PATH'], KUBECONFIG: join(directory, 'config'), HOME: directory },
    })
    const [first] = (await Promise.race([
      new Promise((resolve) => child.stdout.once('data', (...data: unknown[]) => resolve(data))),
      new Promise((resolve) => child.once('exit', () => resolve(['exited']))),
    ])) as [unknown]
    child.kill()
    expect(String(first)).toContain('tick')
  })

  test('debug adds an ephemeral container that runs once', async () => {
    const args = ['debug', 'web', `--image=${IMAGE}`, '-c', 'look', '--', 'sh', '-c', 'echo looked']
    expect((await raw(args)).code).toBe(0)
    const path = '{.status.ephemeralContainerStatuses[0].state.terminated.reason}'
    const waited = await raw(['wait', `--for=jsonpath=${path}=Completed`, 'pod/web', '--timeout=20s'])
    expect(waited.err).toBe('')
    expect((await raw(['logs', 'web', '-c', 'look'])).out).toBe('looked\n')
  })

  test.each(TRANSPORTS)('port-forward over %s reaches a port of the pod', async (_name, isWebSocket) => {
    const env = { KUBECTL_PORT_FORWARD_WEBSOCKETS: isWebSocket, PATH: process.env['PATH'] }
    const child = spawn('kubectl', ['port-forward', 'pod/web', ':8080'], {
      env: { ...env, KUBECONFIG: join(directory, 'config'), HOME: directory },
    })
    const said = await new Promise<string>((resolve) => child.stdout.once('data', (data) => resolve(String(data))))
    const port = /127\.0\.0\.1:(\d+)/.exec(said)?.[1]
    const answers = await Promise.all(
      ['/a', '/b'].map(async (at) => (await fetch(`http://127.0.0.1:${port}${at}`)).text()),
    )
    child.kill()
    expect(answers).toEqual(['hello from /a', 'hello from /b'])
  })

  test.each([portForward, channelsToPort])(
    '%o of our own client reaches a port, and says where nothing listens',
    async (dial) => {
      const pod = { namespace: 'default', name: 'web' }
      const stream = await dial(endpoint, pod, 8080)
      stream.write('GET /own HTTP/1.0\r\n\r\n')
      const chunks = await Array.fromAsync(stream as AsyncIterable<Buffer>)
      expect(Buffer.concat(chunks).toString()).toContain('hello from /own')
      stream.destroy()
      const nothing = await dial(endpoint, pod, 8099)
      await expect(Array.fromAsync(nothing)).rejects.toThrow(/Cannot forward to port 8099: .*ECONNREFUSED/)
      await expect(dial(endpoint, { ...pod, name: 'absent' }, 80)).rejects.toThrow('pods "absent" not found')
    },
  )
})
