import { expect, test } from 'vitest'
import type { Pod } from '../../api/generated/core-v1.ts'
import { isReady, NODE_IMAGE, shell, startTestNode } from '../test-node.fixture.ts'
import { counted, firstCount } from './probe-count.ts'

const main = (pod: Pod) => pod.status?.containerStatuses?.[0]
const QUICK = { periodSeconds: 1, timeoutSeconds: 5 }

// Kubernetes' thresholds: so many outcomes in a row turn the verdict; one of the other sort starts the row again.
test.each([
  { outcomes: 'ff', verdict: true },
  { outcomes: 'fff', verdict: false },
  { outcomes: 'ffsff', verdict: true },
  { outcomes: 'fffs', verdict: false },
  { outcomes: 'fffss', verdict: true },
])('after $outcomes, with thresholds of 3 failures and 2 successes, the verdict is $verdict', (row) => {
  const probe = { failureThreshold: 3, successThreshold: 2 }
  const count = [...row.outcomes].reduce((known, letter) => counted(known, letter === 's', probe), firstCount(true))
  expect(count.verdict).toBe(row.verdict)
})

test('a container is ready when its readiness probe over HTTP succeeds, and unready until then', async () => {
  await using node = await startTestNode({ runtime: 'process' })
  const program =
    'let n = 0; require("http").createServer((q, r) => { r.statusCode = n++ > 0 ? 200 : 503; r.end() }).listen(8080)'
  const readinessProbe = { ...QUICK, initialDelaySeconds: 1, httpGet: { path: '/ready', port: 'web' } }
  const ports = [{ name: 'web', containerPort: 8080 }]
  const command = ['node', '-e', program]
  await node.run('p', { containers: [{ name: 'main', image: NODE_IMAGE, command, ports, readinessProbe }] })
  const started = await node.untilPod('p', (pod) => main(pod)?.started === true)
  expect(main(started)?.ready).toBe(false)
  expect(started.status?.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
    status: 'False',
    message: 'containers with unready status: [main]',
  })
  await node.untilPod('p', isReady)
  expect(await node.eventsOf('p')).toContain(
    'Warning Unhealthy 1 Readiness probe failed: HTTP probe failed with statuscode: 503',
  )
})

test('a container that fails its liveness probe is ended and started again', async () => {
  await using node = await startTestNode({ runtime: 'process' })
  const livenessProbe = { ...QUICK, failureThreshold: 1, exec: { command: ['sh', '-c', 'echo sick; exit 1'] } }
  await node.run('p', { terminationGracePeriodSeconds: 1, containers: [shell('exec sleep 300', { livenessProbe })] })
  const again = await node.untilPod('p', (pod) => (main(pod)?.restartCount ?? 0) > 0)
  expect(main(again)?.lastState?.terminated?.exitCode).toBe(137)
  const told = await node.eventsOf('p')
  expect(told).toContainEqual(expect.stringMatching(/^Warning Unhealthy \d Liveness probe failed: sick\n$/))
  expect(told).toContainEqual(
    expect.stringMatching(/^Normal Killing \d Container main failed liveness probe, will be restarted$/),
  )
})

test('liveness waits for the startup probe, which a TCP connection satisfies', async () => {
  await using node = await startTestNode({ runtime: 'process' })
  const program = 'setTimeout(() => require("net").createServer().listen(8080), 300)'
  const tcpSocket = { port: 8080 }
  const startupProbe = { ...QUICK, failureThreshold: 30, tcpSocket }
  const livenessProbe = { ...QUICK, failureThreshold: 1, tcpSocket }
  const command = ['node', '-e', program]
  await node.run('p', { containers: [{ name: 'main', image: NODE_IMAGE, command, startupProbe, livenessProbe }] })
  const waiting = await node.untilPod('p', ({ status }) => status?.phase === 'Running')
  expect(main(waiting)).toMatchObject({ started: false, ready: false })
  const { status } = await node.untilPod('p', isReady)
  expect(status?.containerStatuses?.[0]).toMatchObject({ started: true, restartCount: 0 })
  const [failure] = (await node.eventsOf('p')).filter((line) => line.includes('Unhealthy'))
  expect(failure).toMatch(/Startup probe failed: dial tcp [\d.]+:8080: connect: connection refused$/)
})

/** A server of grpc.health.v1.Health in the terms of HTTP/2: what it answers is its argument. */
const HEALTH = `
const status = Number(process.argv[1])
require('http2').createServer().on('stream', (stream, headers) => {
  const known = headers[':path'] === '/grpc.health.v1.Health/Check' && status >= 0
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
  stream.on('wantTrailers', () => stream.sendTrailers(known ? { 'grpc-status': '0' } : { 'grpc-status': '12', 'grpc-message': 'unknown%20service' }))
  stream.end(known ? Buffer.from([0, 0, 0, 0, 2, 8, status]) : undefined)
}).listen(9000)`

test.each([
  ['1', undefined],
  ['2', 'Readiness probe failed: service unhealthy (responded with "NOT_SERVING")'],
  [
    '-1',
    'Readiness probe failed: error: this server does not implement the grpc health protocol (grpc.health.v1.Health): rpc error: code = Unimplemented desc = unknown service',
  ],
])('a gRPC probe of a server that answers %s finds what the kubelet does', async (status, failure) => {
  await using node = await startTestNode({ runtime: 'process' })
  const readinessProbe = { ...QUICK, initialDelaySeconds: 1, grpc: { port: 9000, service: 'own' } }
  const command = ['node', '-e', HEALTH, '--', status]
  await node.run('p', { containers: [{ name: 'main', image: NODE_IMAGE, command, readinessProbe }] })
  if (failure === undefined) return void (await node.untilPod('p', isReady))
  await node.untilEvent('p', 'Unhealthy')
  expect(await node.eventsOf('p')).toContainEqual(
    expect.stringMatching(`Warning Unhealthy \\d ${failure.replaceAll(/[()]/g, '\\$&')}`),
  )
})

test('a probe over HTTP follows redirections within the host, and is content with those that lead elsewhere', async () => {
  await using node = await startTestNode({ runtime: 'process' })
  const program = `require('http').createServer((q, r) => {
    const to = { '/local': '/bad', '/away': 'http://elsewhere.invalid/' }[q.url]
    r.writeHead(to ? 302 : 500, to ? { location: to } : {}).end()
  }).listen(8080)`
  const container = (name: string, path: string, port: number) => ({
    name,
    image: NODE_IMAGE,
    command: ['node', '-e', program.replace('8080', String(port))],
    readinessProbe: { ...QUICK, initialDelaySeconds: 1, httpGet: { path, port } },
  })
  await node.run('p', { containers: [container('away', '/away', 8080), container('local', '/local', 8081)] })
  await node.untilEvent('p', 'Unhealthy')
  expect(await node.eventsOf('p')).toContainEqual(expect.stringContaining('HTTP probe failed with statuscode: 500'))
  await node.untilPod('p', ({ status }) => status?.containerStatuses?.[0]?.ready === true)
})
