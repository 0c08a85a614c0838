import { execFile, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Container, Pod, PodSpec } from '../../src/api/generated/core-v1.ts'
import { configMaps, persistentVolumeClaims, pods } from '../../src/api/generated/resources.ts'
import { formatKubeconfig } from '../../src/client/kubeconfig.ts'
import { createTestCluster, until } from '../../src/testing/index.ts'
import type { TestCluster } from '../../src/testing/index.ts'
import { packagedClient } from '../clients/packaged.ts'
import { BUSYBOX } from '../images/images.ts'
import { containerdMissing, startContainerd } from './containerd.ts'
import { dockerdMissing, startDockerd } from './dockerd.ts'
import type { Engine } from './engine.ts'

const ENGINES = [
  { runtime: 'cri', missing: containerdMissing(), start: startContainerd },
  { runtime: 'docker', missing: dockerdMissing(), start: startDockerd },
] as const

const namespace = 'default'
const deadlineMs = 60_000
const kubectl = packagedClient('kubectl')

/** Where the kubelet looks for profiles; a folder of the test's own there. */
const PROFILES = `shoal-test-${process.pid}`
const PROFILE_FOLDER = join('/var/lib/kubelet/seccomp', PROFILES)

type Main = Omit<Partial<Container>, 'command'>

interface Case {
  readonly script: string
  readonly output: string
  readonly main?: Main
  readonly spec?: Partial<PodSpec>
}

const statusLine = (name: string) => `grep ^${name}: /proc/self/status | cut -f 2`
const isHosts = (kind: string) =>
  `[ $(readlink /proc/self/ns/${kind}) = '${readlinkSync(`/proc/self/ns/${kind}`)}' ] && echo ${kind}`
const volumeAt = (mountPath: string, more: object = {}) => ({ volumeMounts: [{ name: 'v', mountPath, ...more }] })

/** What a container sees of what its pod asks for; what it ought to see is Kubernetes' documentation of the field. */
const CASES: Readonly<Record<string, Case>> = {
  'user and groups': {
    script: 'id -u; id -G',
    output: '4321\n8765 77\n',
    spec: { securityContext: { runAsUser: 4321, runAsGroup: 8765, supplementalGroups: [77] } },
  },
  "a group alone, of the image's user": {
    script: 'id -u; id -g',
    output: '0\n3000\n',
    spec: { securityContext: { runAsGroup: 3000 } },
  },
  'the default capabilities': { script: statusLine('CapBnd'), output: '00000000a80425fb\n' },
  'capabilities by name': {
    script: statusLine('CapBnd'),
    output: '0000000000000400\n',
    main: { securityContext: { capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] } } },
  },
  'a read-only root': {
    script: 'touch /x /v/x; ls /v',
    output: 'touch: /x: Read-only file system\nx\n',
    main: { securityContext: { readOnlyRootFilesystem: true }, ...volumeAt('/v') },
    spec: { volumes: [{ name: 'v', emptyDir: {} }] },
  },
  'no new privileges': {
    script: statusLine('NoNewPrivs'),
    output: '1\n',
    main: { securityContext: { allowPrivilegeEscalation: false } },
  },
  'no filter of system calls where none is asked for': { script: statusLine('Seccomp'), output: '0\n' },
  "the engine's filter of system calls": {
    script: `${statusLine('Seccomp')}; unshare -U true 2> /dev/null || echo refused`,
    output: '2\nrefused\n',
    spec: { securityContext: { seccompProfile: { type: 'RuntimeDefault' } } },
  },
  "a filter of the node's own": {
    script: 'mkdir /made; ls -d /made',
    output: "mkdir: can't create directory '/made': Operation not permitted\nls: /made: No such file or directory\n",
    spec: { securityContext: { seccompProfile: { type: 'Localhost', localhostProfile: `${PROFILES}/no-mkdir.json` } } },
  },
  'settings of the kernel': {
    script: 'cat /proc/sys/net/ipv4/ip_local_port_range /proc/sys/kernel/shm_rmid_forced',
    output: '40000\t50000\n1\n',
    spec: {
      securityContext: {
        sysctls: [
          { name: 'net.ipv4.ip_local_port_range', value: '40000 50000' },
          { name: 'kernel.shm_rmid_forced', value: '1' },
        ],
      },
    },
  },
  "the node's network, processes and IPC": {
    script: ['net', 'pid', 'ipc'].map(isHosts).join('; '),
    output: 'net\npid\nipc\n',
    spec: { hostNetwork: true, hostPID: true, hostIPC: true },
  },
  'processes of its own': { script: 'echo $$$$', output: '1\n' },
  'processes shared with its other containers': {
    script: 'until pidof sleep > /dev/null; do :; done; [ $$$$ != 1 ] && echo shared',
    output: 'shared\n',
    spec: {
      shareProcessNamespace: true,
      initContainers: [{ ...shell('sleep 600'), name: 'other', restartPolicy: 'Always' }],
    },
  },
  'its host name, and names of others': {
    script: 'hostname; grep -c aliased /etc/hosts; grep far.example /etc/hosts',
    output: 'named\n1\n192.0.2.7\tfar.example\taliased.example\n',
    spec: { hostname: 'named', hostAliases: [{ ip: '192.0.2.7', hostnames: ['far.example', 'aliased.example'] }] },
  },
  'a volume in memory': {
    script: 'grep " /v " /proc/mounts | cut -d " " -f 3',
    output: 'tmpfs\n',
    main: volumeAt('/v'),
    spec: { volumes: [{ name: 'v', emptyDir: { medium: 'Memory', sizeLimit: '8Mi' } }] },
  },
  'a folder of the node, to be read only': {
    script: 'cat /v/no-mkdir.json | wc -c; touch /v/x',
    output: `SIZE\ntouch: /v/x: Read-only file system\n`,
    main: volumeAt('/v', { readOnly: true }),
    spec: { volumes: [{ name: 'v', hostPath: { path: PROFILE_FOLDER, type: 'Directory' } }] },
  },
  'a config map that changes while it looks': {
    script: 'cat /v/word; until grep -q new /v/word; do sleep 0.1; done; cat /v/word; cat /once/word',
    output: 'old\nnew\nold\n',
    main: {
      volumeMounts: [
        { name: 'v', mountPath: '/v' },
        { name: 'v', mountPath: '/once/word', subPath: 'word' },
      ],
    },
    spec: { volumes: [{ name: 'v', configMap: { name: 'words' } }] },
  },
  'a claim of a volume': {
    script: 'echo kept > /v/file; cat /v/file',
    output: 'kept\n',
    main: volumeAt('/v'),
    spec: { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'claimed' } }] },
  },
}

/** All of them take a minute on two cores: `SHOAL_ENGINES=all`, as `npm run verify` sets it. */
const QUICK = [
  'user and groups',
  "a group alone, of the image's user",
  'capabilities by name',
  "the engine's filter of system calls",
  'settings of the kernel',
  'a config map that changes while it looks',
]
const chosen = Object.entries(CASES).filter(
  ([title]) => process.env['SHOAL_ENGINES'] === 'all' || QUICK.includes(title),
)

const NO_MKDIR = JSON.stringify({
  defaultAction: 'SCMP_ACT_ALLOW',
  syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO' }],
})

for (const { runtime, missing, start } of ENGINES) {
  if (missing !== undefined) test.skip(`pods on ${runtime}: ${missing}`, () => {})
  describe.skipIf(missing !== undefined)(`pods on ${runtime}`, { timeout: 120_000 }, () => {
    let engine: Engine
    let cluster: TestCluster
    let home: string

    beforeAll(async () => {
      mkdirSync(PROFILE_FOLDER, { recursive: true })
      writeFileSync(join(PROFILE_FOLDER, 'no-mkdir.json'), NO_MKDIR)
      engine = await start()
      engine.load(BUSYBOX)
      cluster = await createTestCluster({ runtime, engineEndpoint: engine.endpoint })
      home = mkdtempSync(join(tmpdir(), 'pods-'))
      const endpoint = await cluster.listen()
      writeFileSync(join(home, 'config'), formatKubeconfig({ name: 'test', endpoint }))
    }, 120_000)
    afterAll(async () => {
      await cluster?.close()
      await engine?.[Symbol.asyncDispose]()
      rmSync(PROFILE_FOLDER, { recursive: true, force: true })
      rmSync(home, { recursive: true, force: true })
    }, 60_000)

    const untilPod = async (name: string, holds: (pod: Pod) => boolean) =>
      await until(cluster.client, pods, (all) => all.some((one) => one.metadata.name === name && holds(one)), {
        namespace,
        deadlineMs,
      })
    const outputOf = async (name: string) =>
      Buffer.concat(await Array.fromAsync(cluster.client.logs({ namespace, name }, { container: 'main' }))).toString()

    test('containers have what their pods ask for', async () => {
      await prepare(cluster)
      await Promise.all(
        chosen.map(([, each], index) =>
          cluster.client.create(pods, podOf(`case-${index}`, { ...each, script: `exec 2>&1; ${each.script}` })),
        ),
      )
      await untilPod(`case-${chosen.findIndex(([, { script }]) => script.includes('until grep'))}`, isRunning)
      await cluster.client.patch(configMaps, { namespace, name: 'words' }, WORDS_CHANGE)
      const found = await Promise.all(
        chosen.map(async ([title], index) => {
          await untilPod(`case-${index}`, hasEnded)
          return [title, await outputOf(`case-${index}`)] as const
        }),
      )
      const expected = chosen.map(([title, { output }]) => [title, output.replace('SIZE', String(NO_MKDIR.length))])
      expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected))
    })

    test('an image of root is not run where that is forbidden, nor with a filter that is not there', async () => {
      const securityContext = { runAsNonRoot: true }
      await cluster.client.create(pods, podOf('root', { script: 'true', output: '', spec: { securityContext } }))
      const seccompProfile = { type: 'Localhost', localhostProfile: `${PROFILES}/none.json` }
      const spec = { securityContext: { seccompProfile } }
      await cluster.client.create(pods, podOf('unfiltered', { script: 'true', output: '', spec }))
      const waits = (reason: string) => (pod: Pod) => waitingOf(pod)?.reason === reason
      const all = await untilPod('root', waits('CreateContainerConfigError'))
      const root = all.find(({ metadata }) => metadata.name === 'root')!
      expect(waitingOf(root)?.message).toMatch(
        /^container has runAsNonRoot and image will run as root \(pod: "root_default\(.*\)", container: main\)$/,
      )
      await untilPod('unfiltered', waits('CreateContainerError'))
    })

    describe.skipIf(kubectl === undefined)('by kubectl', () => {
      const environment = () => ({ PATH: process.env['PATH'], KUBECONFIG: join(home, 'config'), HOME: home })
      const run = (args: readonly string[], input = '') =>
        new Promise<{ code: number; out: string; err: string }>((resolve) => {
          const child = execFile(kubectl ?? '', args, { env: environment() }, (error, out, err) =>
            resolve({ code: error === null ? 0 : Number(error.code ?? 1), out, err }),
          )
          child.stdin?.end(input)
        })

      beforeAll(async () => {
        const script = 'echo served > /index.html; httpd -p 8080 -h /; while read -r line; do echo "read $line"; done'
        await cluster.client.create(pods, podOf('web', { script, output: '', main: { stdin: true } }))
        await untilPod('web', isRunning)
      })

      test('commands have input, both outputs and an exit code', async () => {
        const script = 'cat; echo fault >&2; exit 3'
        expect(await run(['exec', '-i', 'web', '--', 'sh', '-c', script], 'typed')).toEqual({
          code: 3,
          out: 'typed',
          err: 'fault\ncommand terminated with exit code 3\n',
        })
      })

      test('a file is copied there and back', async () => {
        writeFileSync(join(home, 'file'), 'contents')
        expect(await run(['cp', join(home, 'file'), 'web:/copied'])).toMatchObject({ code: 0 })
        expect(await run(['cp', 'web:/copied', join(home, 'back')])).toMatchObject({ code: 0 })
        expect(readFileSync(join(home, 'back'), 'utf8')).toBe('contents')
      })

      test('who is attached writes to a container and reads what it prints, which its log has too', async () => {
        const child = spawn(kubectl ?? '', ['attach', '-i', '-q', 'web'], { env: environment() })
        child.stdin.write('a line\n')
        const said = await new Promise<string>((resolve) => {
          for (const stream of [child.stdout, child.stderr]) stream.once('data', (data) => resolve(String(data)))
          child.once('close', () => resolve('closed'))
        })
        child.kill()
        expect(said).toBe('read a line\n')
        expect((await run(['logs', 'web'])).out).toBe('read a line\n')
      })

      test('a port is forwarded', async () => {
        const child = spawn(kubectl ?? '', ['port-forward', 'pod/web', ':8080'], { env: environment() })
        const said = await new Promise<string>((resolve) => child.stdout.once('data', (data) => resolve(String(data))))
        const answer = await fetch(`http://127.0.0.1:${/127\.0\.0\.1:(\d+)/.exec(said)?.[1]}/index.html`)
        expect(await answer.text()).toBe('served\n')
        child.kill()
      })

      test('what containers and nodes use is shown', async () => {
        let said = { code: 1, out: '', err: '' }
        while (said.code !== 0) said = await run(['top', 'pods', '--containers', '--no-headers'])
        expect(said.out).toMatch(/^web\s+main\s+\d+m\s+\d+Mi/m)
        expect((await run(['top', 'nodes', '--no-headers'])).out).toMatch(/^node1\s+\d+m\s+\d+%\s+\d+Mi\s+\d+%/)
      })
    })
  })
}

const WORDS_CHANGE = { type: 'merge', patch: { data: { word: 'new\n' } } } as const

async function prepare({ client }: TestCluster): Promise<void> {
  const words = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name: 'words' }, data: { word: 'old\n' } }
  await client.create(configMaps, words)
  await client.create(persistentVolumeClaims, {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { namespace, name: 'claimed' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } },
  })
}

function shell(script: string): Container {
  return { name: 'main', image: 'busybox', imagePullPolicy: 'IfNotPresent', command: ['sh', '-c', script] }
}

function podOf(name: string, { script, main = {}, spec = {} }: Case): Pod {
  const containers = [{ ...shell(script), ...main }]
  const whole = { restartPolicy: 'Never', terminationGracePeriodSeconds: 1, ...spec, containers }
  return { apiVersion: 'v1', kind: 'Pod', metadata: { namespace, name }, spec: whole }
}

const isRunning = ({ status }: Pod) => status?.containerStatuses?.[0]?.state?.running !== undefined
const hasEnded = ({ status }: Pod) => /Succeeded|Failed/.test(status?.phase ?? '')
const waitingOf = ({ status }: Pod) => status?.containerStatuses?.[0]?.state?.waiting
