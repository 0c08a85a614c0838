import { createPublicKey } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openConnection } from '../../src/client/http/connection.ts'
import type { Endpoint } from '../../src/client/http/connection.ts'
import { formatKubeconfig } from '../../src/client/kubeconfig.ts'
import { systemEnvironment } from '../../src/env/system.ts'
import { openClusterIdentity, SERVER_HOSTS } from '../../src/identity/key-files.ts'
import { goProgram, whyMissing } from './go-programs.ts'
import { freePorts, startProgram } from './program.ts'
import type { Program } from './program.ts'

/** A real Kubernetes control plane on loopback. */
export interface Reference extends AsyncDisposable {
  /** How its administrator, a member of `system:masters`, reaches it. */
  readonly admin: Endpoint
  /** How further parts of the cluster reach it, and its keys. */
  readonly server: ControlledServer
  /** What a program has said so far. */
  log(name: 'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler'): string
  /** Its API server hangs, for everybody. Answers what ends that. */
  freeze(): () => void
}

/** Where control loops work, and what of its keys they need. */
export interface ControlledServer {
  /** How a user of this server reaches it. */
  endpointFor(user: string, groups: readonly string[]): Endpoint
  /** A folder with `ca.crt`, `ca.key` and `sa.key`. */
  readonly keys: string
}

export const whyNoReference = (): string | undefined => whyMissing('etcd', 'kube-apiserver')
export const whyNoControllers = (): string | undefined => whyMissing('kube-controller-manager', 'kube-scheduler')

/**
 * Starts etcd and kube-apiserver, and with `controllers` its control loops too. Resolves when they answer. One that is
 * `measured` flushes what it acknowledges, and its loops have no limit on the rate of their requests.
 */
export async function startReference({ controllers = false, measured = false } = {}): Promise<Reference> {
  const directory = mkdtempSync(join(tmpdir(), 'reference-'))
  const keys = join(directory, 'keys')
  const identity = openClusterIdentity(systemEnvironment(), keys)
  identity.server(SERVER_HOSTS)
  identity.client('kubelet-client', 'kube-apiserver-kubelet-client', ['system:masters'])
  writeFileSync(join(directory, 'sa.pub'), publicKeyOf(identity.serviceAccountKey.privateKeyPem))
  const [client = 0, peer = 0, port = 0] = await freePorts(3)
  const programs: Program[] = []
  const endpointFor = (user: string, groups: readonly string[]): Endpoint => {
    const { certificate, key } = identity.client(user.replaceAll(':', '-'), user, groups)
    const certificateAuthority = identity.authority.certificate
    return { server: `https://127.0.0.1:${port}`, certificateAuthority, clientCertificate: certificate, clientKey: key }
  }
  const admin = endpointFor('admin', ['system:masters'])
  const close = async () => {
    for (const program of programs.toReversed()) await program[Symbol.asyncDispose]()
    rmSync(directory, { recursive: true })
  }
  try {
    programs.push(startProgram('etcd', await goProgram('etcd'), etcdArguments(client, peer, measured), directory))
    const server = startProgram(
      'kube-apiserver',
      await goProgram('kube-apiserver'),
      serverArguments(client, port),
      directory,
    )
    programs.push(server)
    await server.until(() => isReady(admin))
    if (controllers) programs.push(...(await startControllers({ endpointFor, keys }, directory, measured)))
  } catch (error) {
    await close()
    throw error
  }
  const log = (name: string) => programs.find((program) => program.name === name)?.log() ?? ''
  const freeze = () => {
    const server = programs.find(({ name }) => name === 'kube-apiserver')
    server?.freeze()
    return () => server?.thaw()
  }
  return { admin, server: { endpointFor, keys }, log, freeze, [Symbol.asyncDispose]: close }
}

const publicKeyOf = (privateKeyPem: string): string =>
  String(createPublicKey(privateKeyPem).export({ type: 'spki', format: 'pem' }))

function etcdArguments(client: number, peer: number, isDurable: boolean): readonly string[] {
  const [clients, peers] = [`http://127.0.0.1:${client}`, `http://127.0.0.1:${peer}`]
  return [
    '--data-dir=etcd',
    `--listen-client-urls=${clients}`,
    `--advertise-client-urls=${clients}`,
    `--listen-peer-urls=${peers}`,
    `--initial-advertise-peer-urls=${peers}`,
    `--initial-cluster=default=${peers}`,
    // A reference is thrown away: what it says counts, not what survives.
    ...(isDurable ? [] : ['--unsafe-no-fsync']),
  ]
}

function serverArguments(etcd: number, port: number): readonly string[] {
  return [
    `--etcd-servers=http://127.0.0.1:${etcd}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    `--secure-port=${port}`,
    '--tls-cert-file=keys/apiserver.crt',
    '--tls-private-key-file=keys/apiserver.key',
    '--client-ca-file=keys/ca.crt',
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    '--service-account-key-file=sa.pub',
    '--service-account-signing-key-file=keys/sa.key',
    '--authorization-mode=Node,RBAC',
    '--service-cluster-ip-range=10.96.0.0/12',
    '--allow-privileged=true',
    '--endpoint-reconciler-type=none',
    // Where a node is started beside it: as whom its kubelet is asked for logs and streams, and under which name.
    '--kubelet-client-certificate=keys/kubelet-client.crt',
    '--kubelet-client-key=keys/kubelet-client.key',
    '--kubelet-preferred-address-types=Hostname',
  ]
}

async function isReady(endpoint: Endpoint): Promise<boolean> {
  const connection = openConnection(endpoint, 'test')
  try {
    const response = await connection.send({ method: 'GET', path: '/readyz' })
    response.resume()
    return response.statusCode === 200
  } finally {
    connection.close()
  }
}

/** The real kube-controller-manager and kube-scheduler against any server; resolves when both have synced. */
export async function startControllers(
  server: ControlledServer,
  directory: string,
  unlimited = false,
): Promise<readonly Program[]> {
  const [managerPort = 0, schedulerPort = 0] = await freePorts(2)
  const limits = unlimited ? ['--kube-api-qps=10000', '--kube-api-burst=10000'] : []
  const folder = join(directory, 'controllers')
  mkdirSync(folder, { recursive: true })
  const kubeconfig = (user: string): string => {
    const file = join(folder, `${user}.kubeconfig`)
    writeFileSync(file, formatKubeconfig({ name: user, endpoint: server.endpointFor(`system:${user}`, []) }))
    return file
  }
  const manager = startProgram(
    'kube-controller-manager',
    await goProgram('kube-controller-manager'),
    [...loopArguments(kubeconfig('kube-controller-manager'), managerPort), ...managerArguments(server.keys), ...limits],
    folder,
  )
  const scheduler = startProgram(
    'kube-scheduler',
    await goProgram('kube-scheduler'),
    [...loopArguments(kubeconfig('kube-scheduler'), schedulerPort), ...limits],
    folder,
  )
  const programs = [manager, scheduler]
  try {
    await manager.until(async () => manager.log().includes('Caches are synced'))
    await scheduler.until(async () => scheduler.log().includes('Serving securely'))
    return programs
  } catch (error) {
    for (const program of programs) await program[Symbol.asyncDispose]()
    throw error
  }
}

function loopArguments(kubeconfig: string, port: number): readonly string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    `--authentication-kubeconfig=${kubeconfig}`,
    `--authorization-kubeconfig=${kubeconfig}`,
    '--leader-elect=false',
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
  ]
}

function managerArguments(keys: string): readonly string[] {
  return [
    `--service-account-private-key-file=${join(keys, 'sa.key')}`,
    `--root-ca-file=${join(keys, 'ca.crt')}`,
    `--cluster-signing-cert-file=${join(keys, 'ca.crt')}`,
    `--cluster-signing-key-file=${join(keys, 'ca.key')}`,
    '--use-service-account-credentials=true',
    '--controllers=*,-cloud-node-lifecycle-controller',
  ]
}
