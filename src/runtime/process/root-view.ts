import { readFileSync } from 'node:fs'
import { lstat, mkdir, readdir, readlink, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fstabLine, quote } from './spawner/launch.ts'

/** Directories in which pods often mount things that the host does not have: covered from the start, in one go. */
const COVERED = ['/etc', '/run', '/var']
const DEVICES = ['null', 'zero', 'full', 'random', 'urandom', 'tty', 'ptmx', 'pts', 'shm', 'fuse', 'kvm', 'net', 'dri']

/**
 * The shell script that makes the file system that all containers of a cluster share: a root in memory into which every
 * top-level directory of the host is bound, so that a place to mount something can be made anywhere in it and the host
 * never sees it. Overlays over `/etc`, `/run` and `/var` serve the same end. It then becomes the root, and the spawner
 * starts in it. The mount namespace it runs in is the cluster's own: when its last process ends, the kernel removes it all.
 */
export async function rootViewScript(directory: string, spawner: readonly string[]): Promise<string> {
  const root = path.join(directory, 'root')
  await mkdir(root, { recursive: true })
  const entries = await entriesOf('/')
  const table = path.join(directory, 'root.mounts')
  const binds = entries.filter(({ kind, name }) => kind === 'directory' && !['proc', 'dev'].includes(name))
  const devices = (
    await Promise.all(DEVICES.map(async (name) => ({ name, kind: await kindOf(`/dev/${name}`) })))
  ).filter(({ kind }) => kind !== undefined)
  // An overlay shows one file system only, and may not be laid over what hides something from an ordinary user: a
  // directory with mounts below it is built again of its entries.
  const busy = COVERED.filter((folder) => hasMountsBelow(folder))
  const rebuilt = new Map(await Promise.all(busy.map(async (folder) => [folder, await entriesOf(folder)] as const)))
  const overlaid = COVERED.filter((folder) => !rebuilt.has(folder))
  const lines = [
    ...binds.map(({ name }) =>
      overlaid.includes(`/${name}`)
        ? overlayLine(root, name)
        : rebuilt.has(`/${name}`)
          ? ''
          : bindLine(root, `/${name}`),
    ),
    ...[...rebuilt].flatMap(([folder, inside]) =>
      inside.filter(({ kind }) => kind).map(({ name }) => bindLine(root, `${folder}/${name}`)),
    ),
    `tmpfs ${root}/dev tmpfs mode=755 0 0\n`,
  ]
  await writeFile(table, lines.join(''))
  const deviceTable = path.join(directory, 'devices.mounts')
  await writeFile(deviceTable, devices.map(({ name }) => bindLine(root, `/dev/${name}`)).join(''))
  return [
    'set -e',
    `mount -n -t tmpfs -o mode=755 shoal ${quote(root)}`,
    `cd ${quote(root)}`,
    `mkdir -p proc dev .shoal ${COVERED.map((name) => `.shoal${name}-upper .shoal${name}-work`).join(' ')} ` +
      binds.map(({ name }) => quote(name)).join(' '),
    'chmod 700 .shoal',
    linksIn('.', entries),
    ...[...rebuilt].flatMap(([folder, inside]) => [
      placesIn(folder.slice(1), inside),
      linksIn(folder.slice(1), inside),
    ]),
    `mount -n -a -T ${quote(table)}`,
    // Binding the directory that holds the new root has bound the root into itself.
    `umount -n -l .${quote(root)} 2>/dev/null || true`,
    placesIn('dev', devices),
    'ln -s /proc/self/fd dev/fd; ln -s fd/0 dev/stdin; ln -s fd/1 dev/stdout; ln -s fd/2 dev/stderr; touch dev/termination-log',
    `mount -n -a -T ${quote(deviceTable)}`,
    // Where `ip` keeps network namespaces: ours are not to be named on the host.
    'mkdir -p run/netns && mount -n -t tmpfs -o mode=755 shoal run/netns || :',
    'mount -n -t proc proc proc',
    'pivot_root . .',
    'umount -n -l .',
    'cd /',
    // The first process of the pid namespace: reaps what containers orphan, and takes everything with it when it ends.
    `${spawner.map(quote).join(' ')} & wait $!`,
  ].join('\n')
}

interface Entry {
  readonly name: string
  readonly kind: 'directory' | 'file' | undefined
  readonly link?: string
}

async function entriesOf(folder: string): Promise<Entry[]> {
  const names = await readdir(folder)
  return Promise.all(
    names.map(async (name) => {
      const found = await lstat(path.join(folder, name))
      if (found.isSymbolicLink()) return { name, kind: undefined, link: await readlink(path.join(folder, name)) }
      return { name, kind: found.isDirectory() ? 'directory' : 'file' } as const
    }),
  )
}

async function kindOf(file: string): Promise<Entry['kind']> {
  try {
    return (await stat(file)).isDirectory() ? 'directory' : 'file'
  } catch {
    return undefined
  }
}

function placesIn(folder: string, entries: readonly Entry[]): string {
  const directories = entries.filter(({ kind }) => kind === 'directory').map(({ name }) => quote(`${folder}/${name}`))
  const files = entries.filter(({ kind }) => kind === 'file').map(({ name }) => quote(`${folder}/${name}`))
  return `${directories.length ? `mkdir ${directories.join(' ')}` : ':'}; ${files.length ? `touch ${files.join(' ')}` : ':'}`
}

function bindLine(root: string, source: string): string {
  return fstabLine(source, root + source, false)
}

function overlayLine(root: string, name: string): string {
  const home = `${root}/.shoal/${name}`
  return `shoal ${root}/${name} overlay lowerdir=/${name},upperdir=${home}-upper,workdir=${home}-work 0 0\n`
}

function hasMountsBelow(folder: string): boolean {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').trim().split('\n')
  return lines.some((line) => line.split(' ')[4]?.startsWith(`${folder}/`))
}

function linksIn(folder: string, entries: readonly Entry[]): string {
  const links = entries.filter(({ link }) => link !== undefined)
  return [':', ...links.map(({ name, link = '' }) => `ln -s ${quote(link)} ${quote(`${folder}/${name}`)}`)].join('\n')
}
