import { spawn } from 'node:child_process'
import type { ChildProcess, StdioOptions } from 'node:child_process'
import * as fs from 'node:fs'
import * as path from 'node:path'
import { sleep } from '../../../env/clock.ts'
import type { Timers } from '../../../env/clock.ts'
import { environmentForPerl, loadFilter } from './load-filter.ts'
import type { BindMount, ProcessIdentity, SpawnerSettings, StartContainer } from './messages.ts'
import { CONTAINER_MARK, hasEnded } from './processes.ts'
import { runInTerminal } from './terminal.ts'

/**
 * What a container needs done between fork and exec, by the shells that this line of programs starts with: join its
 * cgroups, enter the pod's network, make a mount namespace, mount, set the host name, give up privileges, change
 * directory. `$0` onwards is the command itself.
 */
export interface Launch {
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  readonly identity: ProcessIdentity
  readonly tty: boolean
}

export function launchContainer(
  container: StartContainer,
  settings: SpawnerSettings,
  surroundings: { readonly cgroupFiles: readonly string[]; readonly networkNamespace?: string },
): ChildProcess {
  // A terminal whose input ends would tell the container so.
  const stdio: StdioOptions = [container.stdin || container.tty ? 'pipe' : 'ignore', 'pipe', 'pipe']
  // Where nothing else tells which processes are a container's, this variable does: children inherit it.
  const mark = settings.namespaces ? {} : { [CONTAINER_MARK]: container.containerId }
  const command = settings.namespaces ? isolated(container, surroundings) : plain(container, surroundings.cgroupFiles)
  return spawn(command[0] ?? '', command.slice(1), {
    env: environmentOf({ ...container, env: { ...container.env, ...mark } }),
    stdio,
    detached: true,
    cwd: '/',
  })
}

function isolated(
  container: StartContainer,
  surroundings: { readonly cgroupFiles: readonly string[]; readonly networkNamespace?: string },
): string[] {
  const join = joinCgroups(surroundings.cgroupFiles)
  const enter = surroundings.networkNamespace
    ? ['/usr/bin/env', 'nsenter', `--net=${surroundings.networkNamespace}`]
    : []
  const table = writeMountTable(container)
  const inside = [
    table ? `${PATH_TOOLS} mount -a -n -T ${quote(table)} || exit 125` : '',
    container.readOnlyRoot ? readOnlyRoot(container.mounts.map(({ target }) => target)) : '',
    container.hostNetwork ? '' : setHostname(container.hostname),
    enterDirectory(container.cwd),
    `: ${SETTING_UP}`,
    'exec "$@"',
  ]
  const unshare = [...enter, 'unshare', '--mount', '--uts', '--propagation', 'unchanged', '/bin/sh', '-c']
  return [
    '/bin/sh',
    '-c',
    `${join}exec "$@"`,
    'sh',
    ...withTools(unshare),
    inside.join('\n'),
    'sh',
    ...asIdentity(container),
  ]
}

/**
 * Makes every mount read-only for this container alone, apart from its own (`targets`) and the kernel's file systems. After
 * its own are made, since a mount made of a read-only one would be read-only too.
 */
function readOnlyRoot(targets: readonly string[]): string {
  const kept = ['/proc', '/sys', '/dev', ...targets].map(quote).flatMap((target) => [target, `${target}/*`])
  return [
    'while read -r _ _ _ _ at _; do at=$(printf %b "$at"); case "$at" in',
    `${kept.join(' | ')}) ;;`,
    // A mount below another that hides it cannot be reached, by us or by the container.
    `*) ${PATH_TOOLS} mount -n -o remount,bind,ro "$at" 2>/dev/null || :;;`,
    'esac; done < /proc/self/mountinfo',
    '[ -w / ] && exit 125',
  ].join('\n')
}

/** The kernel's file may be written by root only, the system call also by an ordinary user in a namespace of its own. */
function setHostname(name: string): string {
  const word = quote(name)
  return `{ echo ${word} > /proc/sys/kernel/hostname || ${PATH_TOOLS} hostname ${word}; } 2>/dev/null || :`
}

/** Zero stands for the process that writes it: the shell, and whatever it becomes. */
function joinCgroups(files: readonly string[]): string {
  return files.map((file) => `echo 0 > ${quote(file)}\n`).join('')
}

/** The container's own PATH stays as it is; our tools are found on this one. */
const TOOLS = '/usr/sbin:/usr/bin:/sbin:/bin'
const PATH_TOOLS = `PATH=${TOOLS}`

function withTools(command: string[]): string[] {
  return command.map((word) => TOOL_PATHS[word] ?? word)
}

const TOOL_PATHS: Readonly<Record<string, string>> = Object.fromEntries(
  ['unshare', 'nsenter', 'mount', 'setpriv', 'script', 'perl'].map((tool) => [tool, findTool(tool)]),
)

function findTool(tool: string): string {
  const folder = TOOLS.split(':').find((candidate) => fs.existsSync(path.join(candidate, tool)))
  return folder ? path.join(folder, tool) : tool
}

function plain(container: StartContainer, cgroupFiles: readonly string[]): string[] {
  const join = joinCgroups(cgroupFiles)
  return ['/bin/sh', '-c', `${join}${enterDirectory(container.cwd)}\nexec "$@"`, 'sh', ...asIdentity(container)]
}

/** One `mount` call makes all mounts of a container from a table in the form of fstab. */
function writeMountTable({ mounts, log, containerId }: StartContainer): string | undefined {
  if (mounts.length === 0) return undefined
  const lines = mounts.map(({ source, target, readOnly }) => fstabLine(source, target, readOnly))
  const file = path.join(path.dirname(log.path), `${containerId.slice(0, 12)}.mounts`)
  fs.writeFileSync(file, lines.join(''))
  return file
}

export function fstabLine(source: string, target: string, readOnly: boolean): string {
  return `${escape(source)} ${escape(target)} none ${readOnly ? 'bind,ro' : 'rbind'} 0 0\n`
}

function escape(file: string): string {
  return file.replace(/[ \t\n\\#]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`)
}

/** True where {@link ProcessIdentity} can be had. */
export const canChangeIdentity = path.isAbsolute(TOOL_PATHS['setpriv'] ?? '')

/** True where the kernel takes filters of system calls whose numbers are known here, and there is a program that hands it one. */
export const canFilter =
  path.isAbsolute(TOOL_PATHS['perl'] ?? '') &&
  ['x64', 'arm64'].includes(process.arch) &&
  fs.existsSync('/proc/sys/kernel/seccomp/actions_avail')

/** What a launch's first program is started with. */
export function environmentOf({ env, identity }: Pick<Launch, 'env' | 'identity'>): Readonly<Record<string, string>> {
  return identity.filter === undefined ? env : environmentForPerl(env)
}

/** The words that give up privileges, to stand before a command; none where nothing is asked for. */
function privileges(identity: ProcessIdentity): string[] {
  const words: string[] = []
  if (identity.user !== undefined) words.push(`--reuid=${identity.user}`)
  if (identity.group !== undefined) words.push(`--regid=${identity.group}`)
  if (identity.groups?.length) words.push(`--groups=${identity.groups.join(',')}`)
  else if (words.length > 0) words.push('--clear-groups')
  if (identity.capabilities) {
    const kept = identity.capabilities.map((name) => `,+${name.toLowerCase()}`).join('')
    words.push(`--bounding-set=-all${kept}`, '--inh-caps=-all')
  }
  if (identity.noNewPrivileges) words.push('--no-new-privs')
  const given = words.length > 0 ? withTools(['setpriv', ...words]) : []
  const filter = identity.filter === undefined ? [] : loadFilter(TOOL_PATHS['perl'] ?? 'perl', identity.filter)
  // While there is the privilege that the kernel wants for it; where that is not wanted, last, so that it need allow nothing of ours.
  return identity.noNewPrivileges ? [...given, ...filter] : [...filter, ...given]
}

function enterDirectory(cwd: string): string {
  return `cd ${quote(cwd)} || exit 126`
}

/** The command with what gives up privileges before it, on a terminal where it wants one. */
function asIdentity({ identity, argv, tty }: Launch): string[] {
  const command = [...privileges(identity), ...argv]
  return tty ? runInTerminal(TOOL_PATHS['script'] ?? 'script', command, quote) : command
}

/** A word of the command line of each program that a container starts with, until the last of them becomes its command. */
const SETTING_UP = 'shoal-is-setting-up'
const SET_UP_PAUSE_MS = 5
/** A minute on a machine that gives it any time at all: what takes longer is held for stuck, not for slow. */
const SET_UP_TRIES = 12_000

/** Resolves when the process has its namespaces and mounts: a command that entered before would run beside the container. */
export async function untilSetUp(timers: Timers, pid: number): Promise<void> {
  for (let tries = 0; tries < SET_UP_TRIES && isSettingUp(pid); tries++) await sleep(timers, SET_UP_PAUSE_MS)
}

/**
 * While a process goes from one program to the next it has the new one's memory before it has its words: its command line
 * is empty then, as a process' is that has ended.
 */
function isSettingUp(pid: number): boolean {
  try {
    const words = fs.readFileSync(`/proc/${pid}/cmdline`, 'latin1')
    return words === '' ? !hasEnded(pid) : words.includes(SETTING_UP)
  } catch {
    return false
  }
}

/** The command line that runs something in the namespaces of the process `pid`. */
export function enterNamespaces(pid: number, launch: Launch, namespaces: boolean): string[] {
  const inside = ['/bin/sh', '-c', `${enterDirectory(launch.cwd)}\nexec "$@"`, 'sh']
  const command = [...inside, ...asIdentity(launch)]
  if (!namespaces) return command
  // Joining a network is for its owner, which an ordinary user is not of the host's, even where it is there already.
  const network = isElsewhere(pid, 'net') ? ['-n'] : []
  return [...withTools(['nsenter']), '-m', '-u', ...network, '-t', String(pid), ...command]
}

function isElsewhere(pid: number, namespace: 'net'): boolean {
  try {
    return fs.readlinkSync(`/proc/${pid}/ns/${namespace}`) !== fs.readlinkSync(`/proc/self/ns/${namespace}`)
  } catch {
    // It has ended, as the command will find out.
    return false
  }
}

export function quote(word: string): string {
  return /^[\w./:=@,+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

export type { BindMount }
