import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { formatKubeconfig } from '../src/client/kubeconfig.ts'
import { startApiServer } from './api-server.ts'
import type { TestServer } from './api-server.ts'

interface Result {
  readonly code: number
  readonly out: string
  readonly err: string
}

const run = (file: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Result> =>
  new Promise((resolve) => {
    execFile(file, args, { env: { PATH: process.env['PATH'], ...env } }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), out, err })
    })
  })

const found = await run('kubectl', ['version', '--client'])

/** A stock kubectl is not part of the set-up: without one these are skipped, and counted as skipped. */
describe.skipIf(found.code !== 0)('a stock kubectl', () => {
  let server: TestServer
  let directory: string

  beforeAll(async () => {
    server = await startApiServer()
    directory = mkdtempSync(join(tmpdir(), 'kubectl-'))
    writeFileSync(join(directory, 'config'), formatKubeconfig({ name: 'test', endpoint: server.admin, namespace: 'k' }))
    writeFileSync(join(directory, 'deployment.yaml'), DEPLOYMENT)
    await kubectl('create namespace k')
    await kubectl('create serviceaccount default')
  })

  afterAll(async () => {
    await server[Symbol.asyncDispose]()
    rmSync(directory, { recursive: true })
  })

  const kubectlRaw = (args: readonly string[]) =>
    run('kubectl', args, { KUBECONFIG: join(directory, 'config'), HOME: directory })

  const kubectl = async (line: string): Promise<string> => {
    const { code, out, err } = await kubectlRaw(line.split(' '))
    expect({ line, code, err }).toEqual({ line, code: 0, err: '' })
    return out
  }

  test('creates, reads, labels, annotates, patches and deletes a pod', async () => {
    expect(await kubectl('run p --image=node:24')).toBe('pod/p created\n')
    expect(await kubectl('get pod p -o jsonpath={.status.phase}')).toBe('Pending')
    expect(await kubectl('get pod p -o yaml')).toContain('image: node:24')
    await kubectl('label pod p colour=blue')
    await kubectl('annotate pod p note=hello')
    const patch = ['patch', 'pod', 'p', '--type=merge', '-p', '{"metadata":{"labels":{"shape":"round"}}}']
    expect((await kubectlRaw(patch)).out).toBe('pod/p patched\n')
    const labels = await kubectl('get pod p -o jsonpath={.metadata.labels}')
    expect(JSON.parse(labels)).toEqual({ run: 'p', colour: 'blue', shape: 'round' })
    expect(await kubectl('get pods -l colour=blue -o name')).toBe('pod/p\n')
    expect(await kubectl('delete pod p')).toBe('pod "p" deleted\n')
  })

  test('applies, applies again, scales and describes a deployment', async () => {
    const apply = `apply -f ${join(directory, 'deployment.yaml')}`
    expect(await kubectl(apply)).toBe('deployment.apps/web created\n')
    expect(await kubectl(apply)).toBe('deployment.apps/web unchanged\n')
    expect(await kubectl('scale deployment web --replicas=3')).toBe('deployment.apps/web scaled\n')
    expect(await kubectl('get deployment web -o jsonpath={.spec.replicas}')).toBe('3')
    expect(await kubectl('describe deployment web')).toMatch(/^Name:\s+web$/m)
    await kubectl('delete deployment web')
    expect(await kubectl(`${apply} --server-side`)).toBe('deployment.apps/web serverside-applied\n')
  })

  test('creates a job by a Protobuf body, and waits for what comes later', async () => {
    expect(await kubectl('create job j --image=node:24')).toBe('job.batch/j created\n')
    const waiting = kubectl('wait --for=jsonpath={.metadata.labels.done}=yes job/j --timeout=20s')
    await kubectl('label job j done=yes')
    expect(await waiting).toBe('job.batch/j condition met\n')
  })

  test('lists what is served and explains fields', async () => {
    const resources = await kubectl('api-resources --no-headers')
    expect(resources).toMatch(/^deployments +deploy +apps\/v1 +true +Deployment$/m)
    expect(await kubectl('explain pod.spec.containers')).toContain('imagePullPolicy')
    expect(await kubectl('explain job.spec')).toContain('backoffLimit')
  })

  test('prints wide columns and whole objects', async () => {
    await kubectl('create configmap shown --from-literal=a=1')
    await kubectl('run wide --image=node:24 --restart=Never')
    const [heading, row] = (await kubectl('get pod wide -o wide')).split('\n')
    expect(heading).toMatch(/^NAME +READY +STATUS +RESTARTS +AGE +IP +NODE +NOMINATED NODE +READINESS GATES$/)
    expect(row).toMatch(/^wide +0\/1 +Pending +0 +\d+s +<none> +<none> +<none> +<none>$/)
    expect(JSON.parse(await kubectl('get configmap shown -o json'))).toMatchObject({
      kind: 'ConfigMap',
      data: { a: '1' },
    })
    expect(await kubectl('get configmap shown -o jsonpath={.data.a}')).toBe('1')
    expect(await kubectl('get configmaps,pods -o name')).toContain('configmap/shown\npod/wide\n')
  })

  test('moves from client-side to server-side apply without a warning, and is told of conflicts', async () => {
    const file = join(directory, 'applied.yaml')
    const manifest = (value: string, name = 'applied') =>
      writeFileSync(file, `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {a: "${value}"}\n`)
    manifest('1')
    await kubectl(`apply -f ${file}`)
    const moved = await kubectlRaw(['apply', '--server-side', '--force-conflicts', '-f', file])
    expect(moved).toEqual({ code: 0, out: 'configmap/applied serverside-applied\n', err: '' })
    // What kubectl applied by itself once, it may change without force; elsewhere others are asked.
    manifest('1', 'theirs')
    await kubectl(`apply --server-side --field-manager=other -f ${file}`)
    manifest('2', 'theirs')
    const { code, err } = await kubectlRaw(['apply', '--server-side', '-f', file])
    expect(code).toBe(1)
    expect(err).toContain('Apply failed with 1 conflict: conflict with "other": .data.a')
    expect(await kubectl(`apply --server-side --force-conflicts -f ${file}`)).toContain('serverside-applied')
  })

  test('is told of a mistake in Kubernetes words', async () => {
    const { code, err } = await kubectlRaw(['get', 'pod', 'none'])
    expect({ code, err }).toEqual({ code: 1, err: 'Error from server (NotFound): pods "none" not found\n' })
  })
})

const DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 1
  selector:
    matchLabels: { app: web }
  template:
    metadata:
      labels: { app: web }
    spec:
      containers:
      - name: main
        image: node:24
`
