import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, describe, expect, test } from 'vitest'
import { systemEnvironment } from '../../env/system.ts'
import type { ContainerSecurity, ContainerSpec, Runtime } from '../runtime.ts'
import { containerSpec, runToEnd, sandboxSpec, textOf } from '../runtime-suite.ts'
import { createProcessRuntime } from './process-runtime.ts'
import { isKnown, syscallNumbers } from './seccomp/syscall-numbers.ts'

const canFilter = process.platform === 'linux' && isKnown(process.arch) && existsSync('/usr/bin/perl')
const isRoot = process.getuid?.() === 0
const numbers = syscallNumbers(isKnown(process.arch) ? process.arch : 'x64')

const EPERM = 1
const EBADF = 9
const EFAULT = 14
const ENOSYS = 38

const NEW_USER_NAMESPACE = 0x10000000
const SESSION_KEYRING = -3

const folder = mkdtempSync(path.join(tmpdir(), 'seccomp-'))
afterAll(() => rmSync(folder, { recursive: true }))

function open(namespaces = true) {
  const runtime = createProcessRuntime({ environment: systemEnvironment(), namespaces, network: 'loopback' })
  return { runtime, [Symbol.asyncDispose]: () => runtime.close() }
}

interface Asked {
  readonly security: ContainerSecurity
  readonly command: readonly string[]
  readonly changes?: Partial<ContainerSpec>
}

async function outputOf(runtime: Runtime, { security, command, changes = {} }: Asked): Promise<string> {
  const sandbox = await runtime.startSandbox(sandboxSpec('one'))
  const id = await runtime.createContainer(sandbox.id, containerSpec(command, { ...changes, security }))
  await runToEnd(runtime, id)
  return await textOf(runtime, id)
}

type Call = readonly [name: string, ...args: (number | string)[]]

/** A program that makes the calls and prints what each fails with, 0 where it does not. */
function tries(...calls: readonly Call[]): readonly string[] {
  const each = calls.map(([name, ...args]) => `say(${[numbers.get(name), ...args].join(', ')});`)
  return ['perl', '-e', `sub say { print 0 == syscall(shift, @_) ? 0 : $! + 0, " " } ${each.join(' ')}`]
}

function profile(name: string, content: object | string): { readonly seccompProfile: string } {
  const seccompProfile = path.join(folder, name)
  writeFileSync(seccompProfile, typeof content === 'string' ? content : JSON.stringify(content))
  return { seccompProfile }
}

const MODE = ['sh', '-c', 'grep ^Seccomp: /proc/self/status | cut -f 2']

describe.skipIf(!canFilter)('process runtime, filters of system calls', () => {
  test("under RuntimeDefault what container engines refuse is refused, and a container's own work goes on", async () => {
    await using held = open()
    const security = { seccompProfile: 'RuntimeDefault' }
    const expected: readonly (readonly [Call, number])[] = [
      [['keyctl', 0, SESSION_KEYRING, 0, 0, 0], EPERM],
      [['unshare', NEW_USER_NAMESPACE], EPERM],
      [['swapon', 0, 0], EPERM],
      [['mount', 0, 0, 0, 0, 0], EPERM],
      [['clone', NEW_USER_NAMESPACE, 0, 0, 0, 0], EPERM],
      // Tells libraries to use `clone`, whose arguments can be looked at.
      [['clone3', 0, 0], ENOSYS],
      [['socket', 40, 1, 0], EPERM],
      [['personality', 0x40000], EPERM],
      [['personality', 0xffffffff], 0],
      [['close', 999], EBADF],
    ]
    const command = tries(...expected.map(([call]) => call))
    const found = (await outputOf(held.runtime, { security, command })).trim().split(' ').map(Number)
    expect(found).toEqual(expected.map(([, errno]) => errno))
    expect(await outputOf(held.runtime, { security, command: MODE })).toBe('2\n')
    expect(await outputOf(held.runtime, { security, command: ['node', '-p', '6 * 7'] })).toBe('42\n')
  })

  test('no filter is there where none is asked for, where it is Unconfined, and where the container is privileged', async () => {
    await using held = open()
    const none = [{}, { seccompProfile: 'Unconfined' }, { seccompProfile: 'RuntimeDefault', privileged: true }]
    const keyring = tries(['keyctl', 0, SESSION_KEYRING, 1, 0, 0])
    for (const security of isRoot ? none : none.slice(0, 2)) {
      expect(await outputOf(held.runtime, { security, command: MODE })).toBe('0\n')
      expect(await outputOf(held.runtime, { security, command: keyring })).not.toBe(`${EPERM} `)
    }
  })

  test.runIf(isRoot)('the default lets calls through whose capability the container has', async () => {
    await using held = open()
    const security = { seccompProfile: 'RuntimeDefault', addCapabilities: ['SYS_ADMIN'] }
    const command = tries(['unshare', NEW_USER_NAMESPACE], ['mount', 0, 0, 0, 0, 0], ['keyctl', 0, -3, 0, 0, 0])
    expect(await outputOf(held.runtime, { security, command })).toBe(`0 ${EFAULT} ${EPERM} `)
  })

  test.each([true, false])(
    'namespaces %s: a filter holds for commands, another user, without new privileges and on a terminal',
    async (namespaces) => {
      await using held = open(namespaces)
      const { runtime } = held
      const user = isRoot ? { runAsUser: 4321, runAsGroup: 4321 } : {}
      const security = { seccompProfile: 'RuntimeDefault', ...user }
      const sandbox = await runtime.startSandbox(sandboxSpec('one'))
      const id = await runtime.createContainer(sandbox.id, containerSpec(['sleep', '60'], { security }))
      await runtime.startContainer(id)
      const { stdout } = await runtime.exec(id, { command: MODE, stdin: false, tty: false })
      expect(await text(stdout)).toBe('2\n')
      await runtime.stopContainer(id, 0)
      const told = { command: ['sh', '-c', `${MODE[2]}; id -u`], changes: { tty: true } }
      const uid = isRoot ? '4321' : String(process.getuid?.())
      const strict = { ...security, noNewPrivileges: true, dropCapabilities: ['ALL'] }
      for (const asked of [security, strict])
        expect(await outputOf(runtime, { ...told, security: asked })).toBe(`2\r\n${uid}\r\n`)
    },
  )

  test("a container's variables and its command are as it asks for, one that is not there too", async () => {
    await using held = open()
    const security = { seccompProfile: 'RuntimeDefault' }
    const env = { PERL5OPT: '-Mnonsense', PERL_BADLANG: '7', LC_ALL: 'xx_XX', ODD: 'a b\nc' }
    const command = ['sh', '-c', 'echo "$PERL5OPT $PERL_BADLANG $LC_ALL $ODD"; env | grep -c SHOAL_KEPT']
    expect(await outputOf(held.runtime, { security, command, changes: { env } })).toBe('-Mnonsense 7 xx_XX a b\nc\n0\n')
  })

  test("a profile of the node's own compares arguments of 64 bits", async () => {
    await using held = open()
    const value = 0x1_0000_0005
    const around = [5, value - 1, value, value + 1, 0x2_0000_0000]
    const rules = {
      SCMP_CMP_EQ: (given: number) => given === value,
      SCMP_CMP_NE: (given: number) => given !== value,
      SCMP_CMP_LT: (given: number) => given < value,
      SCMP_CMP_LE: (given: number) => given <= value,
      SCMP_CMP_GT: (given: number) => given > value,
      SCMP_CMP_GE: (given: number) => given >= value,
      SCMP_CMP_MASKED_EQ: (given: number) => (BigInt(given) & BigInt(value)) === 5n,
    }
    // The third argument says which rule is meant.
    const syscalls = Object.keys(rules).map((op, index) => ({
      names: ['lseek', 'no_such_call'],
      action: 'SCMP_ACT_ERRNO',
      errnoRet: 100 + index,
      args: [
        { index: 1, op, value, valueTwo: 5 },
        { index: 2, op: 'SCMP_CMP_EQ', value: index },
      ],
    }))
    const security = profile('compares.json', { defaultAction: 'SCMP_ACT_ALLOW', syscalls })
    const calls = Object.values(rules).flatMap((_rule, index) =>
      around.map((given): Call => ['lseek', 999, given, index]),
    )
    const expected = Object.values(rules).flatMap((rule, index) =>
      around.map((given) => (rule(given) ? 100 + index : EBADF)),
    )
    const found = await outputOf(held.runtime, { security, command: tries(...calls) })
    expect(found.trim().split(' ').map(Number)).toEqual(expected)
  })

  test('a strict profile answers calls that are newer than all it names as a kernel without them', async () => {
    await using held = open()
    const newest = numbers.get('rseq')!
    const names = [...numbers].filter(([name, number]) => number <= newest && name !== 'keyctl').map(([name]) => name)
    const syscalls = [{ names, action: 'SCMP_ACT_ALLOW' }]
    const security = profile('strict.json', { defaultAction: 'SCMP_ACT_ERRNO', defaultErrnoRet: 77, syscalls })
    const command = tries(['keyctl', 0, SESSION_KEYRING, 0, 0, 0], ['pidfd_open', 1, 0], ['close', 999])
    expect(await outputOf(held.runtime, { security, command })).toBe(`77 ${ENOSYS} ${EBADF} `)
  })

  test('a profile that is not there, or is none, keeps the container from being made and says which', async () => {
    await using held = open()
    const sandbox = await held.runtime.startSandbox(sandboxSpec('one'))
    const refused = async (security: ContainerSecurity, message: RegExp) =>
      await expect(
        held.runtime.createContainer(sandbox.id, containerSpec(['true'], { security })),
      ).rejects.toMatchObject({ reason: 'CreateContainerError', message: expect.stringMatching(message) })
    const gone = path.join(folder, 'gone.json')
    await refused(
      { seccompProfile: gone },
      /^cannot load seccomp profile ".*\/gone.json": open .* no such file or directory$/,
    )
    await refused(profile('text.json', 'no JSON'), /^decoding seccomp profile failed ".*\/text.json": /)
    await refused(profile('action.json', { defaultAction: 'SCMP_ACT_NOTIFY' }), /action "SCMP_ACT_NOTIFY" is not known/)
    const args = [{ index: 6, op: 'SCMP_CMP_EQ', value: 0 }]
    const syscalls = [{ names: ['lseek'], action: 'SCMP_ACT_ALLOW', args }]
    await refused(profile('index.json', { defaultAction: 'SCMP_ACT_ERRNO', syscalls }), /an index from 0 to 5/)
  })
})
