import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { goProgram } from '../reference/go-programs.ts'
import { BUSYBOX, PAUSE } from './images.ts'
import type { TestImage } from './images.ts'
import { addBusybox, addProgram, addUser, program } from './root.ts'

const REGISTRY = 'registry.k8s.io/e2e-test-images'
/** What of the suite's images are programs of Debian's. */
const TOOLS = ['bash', 'curl', 'nc', 'dig', 'ss', 'getent', 'ip']
const INSTALL = 'sudo apt-get install curl netcat-openbsd dnsutils iproute2'

/** The suite's own images, of its own programs in Go and Debian's in place of Alpine's; builds them where nobody has yet. */
export async function conformanceImages(): Promise<readonly TestImage[]> {
  const [agnhost, nnp] = [await goProgram('agnhost'), await goProgram('nonewprivs')]
  const sources = sourcesOfImages()
  const agnhostImage = image('agnhost:2.56', { Entrypoint: ['/agnhost'], Cmd: ['pause'] }, (root) =>
    fillAgnhost(root, agnhost, sources),
  )
  const nautilus = image('nautilus:1.7', { Entrypoint: ['/agnhost'], Cmd: ['test-webserver'] }, (root) => {
    fillAgnhost(root, agnhost, sources)
    cpSync(join(sources, 'nautilus/html'), root, { recursive: true })
  })
  const nonewprivs = image('nonewprivs:1.3', { Cmd: ['nnp'] }, (root) => {
    addBusybox(root)
    addProgram(root, nnp, 'usr/local/bin/nnp')
    chmodSync(join(root, 'usr/local/bin/nnp'), 0o6755)
  })
  const aggregated = [await sampleApiServer(), await etcd()]
  return [PAUSE, SUITE_BUSYBOX, agnhostImage, nautilus, nonewprivs, ...aggregated, DNSUTILS, NGINX, ...HTTPD]
}

/** An API server of somebody else's, and where it keeps its objects. */
async function sampleApiServer(): Promise<TestImage> {
  const built = await goProgram('sample-apiserver')
  return image('sample-apiserver:1.29.2', { Entrypoint: ['/kube-sample-apiserver'] }, (root) =>
    addProgram(root, built, 'kube-sample-apiserver'),
  )
}

async function etcd(): Promise<TestImage> {
  const built = await goProgram('etcd')
  const fill = (root: string) => addProgram(root, built, 'usr/local/bin/etcd')
  return { ...image('etcd', {}, fill), names: ['registry.k8s.io/etcd:3.6.4-0'] }
}

function image(name: string, config: TestImage['config'], fill: TestImage['fill']): TestImage {
  return { names: [`${REGISTRY}/${name}`], config, missing: lacksTools, fill }
}

function lacksTools(): string | undefined {
  const lacking = TOOLS.filter((name) => program(name) === undefined)
  return lacking.length === 0 ? BUSYBOX.missing() : `no ${lacking.join(', ')}: ${INSTALL}`
}

/** Where the sources of the suite's images lie, in Go's cache of modules. */
function sourcesOfImages(): string {
  const cwd = fileURLToPath(new URL('../conformance', import.meta.url))
  const args = ['list', '-m', '-f', '{{.Dir}}', 'k8s.io/kubernetes']
  return join(execFileSync(program('go') ?? 'go', args, { cwd, encoding: 'utf8' }).trim(), 'test/images')
}

function fillAgnhost(root: string, agnhost: string, sources: string): void {
  addTools(root)
  addProgram(root, agnhost, 'agnhost')
  symlinkSync('agnhost', join(root, 'agnhost-2'))
  mkdirSync(join(root, 'uploads'))
  for (const file of ['localhost.crt', 'localhost.key'])
    copyFileSync(join(sources, 'agnhost/porter', file), join(root, file))
  addUser(root, 'user-defined-in-image', 1000, ['group-defined-in-image', 50_000])
}

/** The programs that tests call within pods: busybox' own of these names understand other flags, and its shell prefers them. */
function addTools(root: string): void {
  addProgram(root, program('bash') ?? '', 'bin/sh')
  for (const name of TOOLS) {
    const file = program(name)
    if (file !== undefined) addProgram(root, file, join('usr/bin', name))
  }
  addBusybox(root, TOOLS)
  // Looked up by name at run time, so that no program is linked to them.
  for (const library of ['libnss_files.so.2', 'libnss_dns.so.2'])
    for (const folder of ['lib/x86_64-linux-gnu', 'lib/aarch64-linux-gnu'])
      if (existsSync(join('/', folder, library))) {
        mkdirSync(join(root, folder), { recursive: true })
        copyFileSync(join('/', folder, library), join(root, folder, library))
      }
}

/** Debian's busybox has a shell that keeps variables from programs whose names it could not set itself, such as `data-1`. */
const SUITE_BUSYBOX = image('busybox:1.37.0-1', { Cmd: ['sh'] }, (root) => {
  addProgram(root, program('bash') ?? '', 'bin/sh')
  addBusybox(root)
})
const DNSUTILS = image('jessie-dnsutils:1.7', { Cmd: ['sleep', '3600'] }, addTools)
const NGINX = image('nginx:1.14-4', { Cmd: ['httpd', '-f', '-p', '80', '-h', '/var/www'] }, fillServer)
const DOCUMENTS = 'usr/local/apache2/htdocs'
/** busybox' server in Apache's place: what tests ask of it is one page. */
const HTTPD = ['2.4.38-4', '2.4.39-4'].map((version) =>
  image(`httpd:${version}`, { Cmd: ['httpd', '-f', '-p', '80', '-h', `/${DOCUMENTS}`] }, fillServer),
)

function fillServer(root: string): void {
  addBusybox(root)
  for (const folder of [DOCUMENTS, 'var/www']) {
    mkdirSync(join(root, folder), { recursive: true })
    writeFileSync(join(root, folder, 'index.html'), '<html><body><h1>It works!</h1></body></html>\n')
  }
}
