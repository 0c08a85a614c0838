import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { packImage } from './archive.ts'
import type { ImageConfig } from './archive.ts'
import { debianPackage } from './debian.ts'
import { addBusybox, addProgram, makeRoot, program } from './root.ts'

/** An image that is made of what the machine has, since no registry can be asked. */
export interface TestImage {
  readonly names: readonly string[]
  readonly config: ImageConfig
  /** Why it cannot be made here, with the command that helps. */
  missing(): string | undefined
  fill(root: string): void
}

const NEEDS_BUSYBOX = () =>
  program('busybox') === undefined ? 'no busybox: sudo apt-get install busybox-static' : undefined

export const PAUSE: TestImage = {
  names: ['registry.k8s.io/pause:3.10', 'registry.k8s.io/pause:3.10.1'],
  config: { Entrypoint: ['/pause'] },
  missing: () => (program('cc') === undefined ? NEEDS_BUSYBOX() : undefined),
  fill(root) {
    const compiler = program('cc')
    const source = fileURLToPath(new URL('pause.c', import.meta.url))
    if (compiler !== undefined)
      return void execFileSync(compiler, ['-static', '-Os', '-s', '-o', join(root, 'pause'), source])
    addBusybox(root)
    const script = "#!/bin/sh\ntrap 'exit 0' TERM INT\nwhile :; do sleep 3600 & wait $!; done\n"
    writeFileSync(join(root, 'pause'), script, { mode: 0o755 })
  },
}

export const BUSYBOX: TestImage = {
  names: ['docker.io/library/busybox:latest', 'docker.io/library/busybox:1.36'],
  config: { Cmd: ['sh'] },
  missing: NEEDS_BUSYBOX,
  fill: addBusybox,
}

/** What the stock image gives a program, as far as that goes: Node, a shell and its tools, a user `node`. */
export const NODE: TestImage = {
  names: ['docker.io/library/node:24', 'docker.io/library/node:24-alpine', 'docker.io/library/node:24-slim'],
  config: { Cmd: ['node'] },
  missing: NEEDS_BUSYBOX,
  fill(root) {
    addBusybox(root)
    addProgram(root, process.execPath, 'usr/local/bin/node')
  },
}

const NGINX_CONFIGURATION = `worker_processes auto;
pid /run/nginx.pid;
error_log /dev/stderr notice;
events { worker_connections 1024; }
http {
  access_log /dev/stdout;
  server { listen 80; root /usr/share/nginx/html; index index.html; }
}
`

/** The stock image, as far as programs notice, of Debian's nginx. */
export const NGINX: TestImage = {
  names: ['docker.io/library/nginx:latest', 'docker.io/library/nginx:1.14.2', 'docker.io/library/nginx:stable'],
  config: { Cmd: ['nginx', '-g', 'daemon off;'], StopSignal: 'SIGQUIT', ExposedPorts: { '80/tcp': {} } },
  missing: () =>
    (debianPackage('nginx') === undefined ? 'no nginx: sudo apt-get update' : undefined) ?? NEEDS_BUSYBOX(),
  fill(root) {
    addBusybox(root)
    addProgram(root, join(debianPackage('nginx') ?? '', 'usr/sbin/nginx'), 'usr/sbin/nginx')
    for (const folder of ['usr/share/nginx/html', 'etc/nginx', 'var/lib/nginx', 'var/log/nginx'])
      mkdirSync(join(root, folder), { recursive: true })
    writeFileSync(join(root, 'etc/nginx/nginx.conf'), `user nobody nogroup;\n${NGINX_CONFIGURATION}`)
    writeFileSync(join(root, 'usr/share/nginx/html/index.html'), '<h1>Welcome to nginx!</h1>\n')
  },
}

/** Makes the image's archive, once for each state of what it is made of; returns its path. */
export function archiveOf(image: TestImage): string {
  const folder = join(tmpdir(), `shoal-test-images-${process.getuid?.() ?? 0}`)
  mkdirSync(folder, { recursive: true })
  const sources = ['archive.ts', 'images.ts', 'root.ts', 'pause.c', 'conformance.ts']
  const hash = createHash('sha256').update(JSON.stringify([image.names, image.config, process.version]))
  for (const source of sources) {
    const file = new URL(source, import.meta.url)
    if (existsSync(file)) hash.update(readFileSync(file))
  }
  const archive = join(folder, `${hash.digest('hex').slice(0, 16)}.tar`)
  if (existsSync(archive)) return archive
  const root = mkdtempSync(join(folder, 'root-'))
  try {
    makeRoot(root)
    image.fill(root)
    packImage(root, image.names, image.config, archive)
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
  return archive
}
