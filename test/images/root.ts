import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'

/** Where a program of this machine lies, or undefined. */
export function program(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin', '/usr/local/go/bin']
  return folders.map((folder) => join(folder, name)).find((file) => existsSync(file))
}

/** An empty root file system with the folders and users that programs expect. */
export function makeRoot(root: string): void {
  for (const folder of [
    'bin',
    'usr/bin',
    'usr/local/bin',
    'etc',
    'root',
    'home/node',
    'proc',
    'sys',
    'dev',
    'var',
    'run',
  ])
    mkdirSync(join(root, folder), { recursive: true })
  for (const folder of ['tmp', 'var/tmp']) {
    mkdirSync(join(root, folder))
    chmodSync(join(root, folder), 0o1777)
  }
  chmodSync(join(root, 'home/node'), 0o777)
  const users = ['root:x:0:0:root:/root:/bin/sh', 'node:x:1000:1000:node:/home/node:/bin/sh']
  writeFileSync(join(root, 'etc/passwd'), `${users.join('\n')}\nnobody:x:65534:65534:nobody:/:/bin/sh\n`)
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\nnode:x:1000:\nnogroup:x:65534:\n')
  writeFileSync(join(root, 'etc/nsswitch.conf'), 'hosts: files dns\n')
}

/** Adds a user, with a group of their own and another that they belong to. */
export function addUser(root: string, name: string, id: number, [group, groupId]: readonly [string, number]): void {
  const withoutId = (file: string) =>
    readFileSync(join(root, file), 'utf8')
      .split('\n')
      .filter((line) => line.split(':')[2] !== String(id))
      .join('\n')
  writeFileSync(
    join(root, 'etc/passwd'),
    `${withoutId('etc/passwd')}${name}:x:${id}:${id}:${name}:/home/${name}:/bin/sh\n`,
  )
  writeFileSync(join(root, 'etc/group'), `${withoutId('etc/group')}${name}:x:${id}:\n${group}:x:${groupId}:${name}\n`)
}

/** busybox's programs, each under its name, in /bin, but for those that are there already. Needs Debian's `busybox-static`. */
export function addBusybox(root: string, others: readonly string[] = []): void {
  const busybox = program('busybox') ?? ''
  copyFileSync(busybox, join(root, 'bin/busybox'))
  for (const name of execFileSync(busybox, ['--list'], { encoding: 'utf8' }).trim().split('\n'))
    if (name !== 'busybox' && !others.includes(name) && !existsSync(join(root, 'bin', name)))
      symlinkSync('busybox', join(root, 'bin', name))
}

/** A program of this machine with the libraries that it is linked to. */
export function addProgram(root: string, file: string, target: string): void {
  const copy = (from: string, to: string) => {
    mkdirSync(dirname(join(root, to)), { recursive: true })
    copyFileSync(realpathSync(from), join(root, to))
  }
  copy(file, target)
  chmodSync(join(root, target), 0o755)
  for (const library of librariesOf(file)) if (!existsSync(join(root, library))) copy(library, library)
}

function librariesOf(file: string): readonly string[] {
  try {
    return execFileSync('ldd', [file], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).match(/\/\S+/g) ?? []
  } catch {
    return []
  }
}
