import { lstatSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fstabLine, quote } from './spawner/launch.ts'

/** Directories in which pods often mount things that the host does not have: covered from the start, in one go. */
const COVERED = ['/etc', '/run', '/var']
const DEVICES = ['null', 'zero', 'full', 'random', 'urandom', 'tty', 'pts', 'shm', 'fuse', 'kvm', 'net', 'dri']

/**
 * The shell script that makes the file system that all containers of a cluster share: a root in memory into which every
 * top-level directory of the host is bound, so that a place to mount something can be made anywhere in it and the host
 * never sees it. Overlays over `/etc`, `/run` and `/var` serve the same end. It then becomes the root. The mount namespace
 * it runs in is the cluster's own: when its last process ends, the kernel removes it all.
 *
 * All at once, in some two milliseconds: in steps, each would wait for its turn among the code of a cluster that starts.
 */
export function rootViewScript(directory: string, spawner: readonly string[]): string {
  const root = path.join(directory, 'root')
  mkdirSync(root, { recursive: true })
  const host = surveyHost()
  const table = path.join(directory, 'root.mounts')
  writeFileSync(table, mountTable(root, host).join(''))
  return [
    'cd /',
    // Both at once: the kernel moves the spawner into the new root with everybody else, and it waits for the word.
    `(${buildScript(root, table, host).join('\n')}) | ${spawner.map(quote).join(' ')} &`,
    // The first process of the pid namespace: reaps what containers orphan, and takes everything with it when it ends.
    'wait $!',
  ].join('\n')
}

/** What of the host the new root is made of. */
interface Host {
  readonly entries: readonly Entry[]
  readonly binds: readonly Entry[]
  readonly devices: readonly Entry[]
  /** Directories made again of their entries, which an overlay does not suit. */
  readonly rebuilt: ReadonlyMap<string, readonly Entry[]>
}

function surveyHost(): Host {
  const entries = entriesOf('/')
  const devices = DEVICES.map((name) => ({ name, kind: kindOf(`/dev/${name}`) }))
  // An overlay shows one file system only, and may not be laid over what hides something from an ordinary user: a
  // directory with mounts below it is built again of its entries.
  const busy = COVERED.filter((folder) => hasMountsBelow(folder))
  return {
    entries,
    binds: entries.filter(({ kind, name }) => kind === 'directory' && !['proc', 'dev'].includes(name)),
    devices: devices.filter(({ kind }) => kind !== undefined),
    rebuilt: new Map(busy.map((folder) => [folder, entriesOf(folder)] as const)),
  }
}

function mountTable(root: string, { binds, devices, rebuilt }: Host): string[] {
  return [
    ...binds.map(({ name }) => {
      if (rebuilt.has(`/${name}`)) return ''
      return COVERED.includes(`/${name}`) ? overlayLine(root, name) : bindLine(root, `/${name}`)
    }),
    ...[...rebuilt].flatMap(([folder, inside]) =>
      inside.filter(({ kind }) => kind).map(({ name }) => bindLine(root, `${folder}/${name}`)),
    ),
    ...devices.map(({ name }) => bindLine(root, `/dev/${name}`)),
    `proc ${root}/proc proc defaults 0 0\n`,
  ]
}

/** Few programs, since each takes a millisecond or two; ends with the word `ready` on its output, or without it. */
function buildScript(root: string, table: string, { entries, binds, devices, rebuilt }: Host): string[] {
  const covers = COVERED.flatMap((name) => [`.shoal${name}-upper`, `.shoal${name}-work`])
  const directories = [...covers, ...binds.map(({ name }) => name), ...directoriesIn('dev', devices)]
  return [
    'set -e',
    `mount -n -t tmpfs -o mode=755 shoal ${quote(root)}`,
    `cd ${quote(root)}`,
    'mkdir -m 700 .shoal',
    `mkdir -p proc dev ${directories.map(quote).join(' ')}`,
    linksIn('.', '', entries),
    ...[...rebuilt].flatMap(([folder, inside]) => [
      placesIn(folder.slice(1), inside),
      linksIn(folder.slice(1), folder, inside),
    ]),
    ...filesIn('dev', devices),
    ': > dev/termination-log',
    // Not bound: the kernel looks for the terminals beside the device, and finds none beside one from another file system.
    'mknod -m 666 dev/ptmx c 5 2 2>/dev/null || ln -s pts/ptmx dev/ptmx',
    'cp -P /dev/fd /dev/stdin /dev/stdout /dev/stderr dev 2>/dev/null || :',
    `mount -n -a -T ${quote(table)}`,
    // An ordinary user can make no such device, and may not open the host's: terminals of its own then.
    '[ ! -L dev/ptmx ] || mount -n -t devpts -o newinstance,ptmxmode=0666,mode=620 shoal dev/pts || :',
    // Binding the directory that holds the new root has bound the root into itself.
    `umount -n -l .${quote(root)} 2>/dev/null || :`,
    // Where `ip` keeps network namespaces: ours are not to be named on the host.
    '{ [ -d run/netns ] || mkdir run/netns; } && mount -n -t tmpfs -o mode=755 shoal run/netns || :',
    'pivot_root . .',
    'umount -n -l .',
    'echo ready',
  ]
}

interface Entry {
  readonly name: string
  readonly kind: 'directory' | 'file' | undefined
  readonly isLink?: boolean
}

function entriesOf(folder: string): Entry[] {
  return readdirSync(folder).map((name) => {
    const found = lstatSync(path.join(folder, name))
    if (found.isSymbolicLink()) return { name, kind: undefined, isLink: true }
    return { name, kind: found.isDirectory() ? 'directory' : 'file' } as const
  })
}

function kindOf(file: string): Entry['kind'] {
  try {
    return statSync(file).isDirectory() ? 'directory' : 'file'
  } catch {
    return undefined
  }
}

function placesIn(folder: string, entries: readonly Entry[]): string {
  const directories = directoriesIn(folder, entries).map(quote)
  return [directories.length ? `mkdir ${directories.join(' ')}` : ':', ...filesIn(folder, entries)].join('\n')
}

function directoriesIn(folder: string, entries: readonly Entry[]): string[] {
  return entries.filter(({ kind }) => kind === 'directory').map(({ name }) => `${folder}/${name}`)
}

/** By the shell itself: a program for each would take a millisecond. */
function filesIn(folder: string, entries: readonly Entry[]): string[] {
  return entries.filter(({ kind }) => kind === 'file').map(({ name }) => `: > ${quote(`${folder}/${name}`)}`)
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

/** One program copies all the symbolic links of a folder of the host as they are. */
function linksIn(folder: string, source: string, entries: readonly Entry[]): string {
  const links = entries.filter(({ isLink }) => isLink).map(({ name }) => quote(`${source}/${name}`))
  return links.length > 0 ? `cp -P ${links.join(' ')} ${quote(`./${folder}`)}` : ':'
}
