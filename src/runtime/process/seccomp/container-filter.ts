import { readFile } from 'node:fs/promises'
import { RuntimeError } from '../../runtime.ts'
import type { ContainerSpec } from '../../runtime.ts'
import { capabilitiesOf } from '../container-identity.ts'
import type { LoadedFilter } from '../spawner/messages.ts'
import { defaultProfile } from './default-profile.ts'
import { compileFilter } from './filter.ts'
import { parseProfile, ProfileError } from './profile.ts'
import type { SeccompProfile } from './profile.ts'
import { isKnown, syscallNumbers } from './syscall-numbers.ts'
import type { Architecture } from './syscall-numbers.ts'

/**
 * The filter of system calls that the container's profile comes to, as the spawner loads it; undefined on an architecture
 * whose calls are not known here. Rejects with a RuntimeError for a profile of the node's own that is not there, or is none.
 */
export async function containerFilter(spec: ContainerSpec, profile: string): Promise<LoadedFilter | undefined> {
  const { arch } = process
  if (!isKnown(arch)) return undefined
  const { program, flags } = await compiled(spec, profile, arch)
  const numbers = syscallNumbers(arch)
  const calls = { seccomp: numbers.get('seccomp') ?? 0, prctl: numbers.get('prctl') ?? 0 }
  return { program: program.toString('hex'), flags, calls }
}

async function compiled(spec: ContainerSpec, profile: string, architecture: Architecture) {
  if (profile === 'RuntimeDefault')
    return compileFilter(defaultProfile(architecture, capabilitiesOf(spec)), architecture)
  try {
    return compileFilter(await readProfile(profile), architecture)
  } catch (cause) {
    // In the words of containerd.
    if (!(cause instanceof ProfileError)) throw cause
    throw new RuntimeError('CreateContainerError', `decoding seccomp profile failed "${profile}": ${cause.message}`, {
      cause,
    })
  }
}

async function readProfile(file: string): Promise<SeccompProfile> {
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === 'ENOENT' ? 'no such file or directory' : String(cause.code)
    const message = `cannot load seccomp profile "${file}": open ${file}: ${why}`
    throw new RuntimeError('CreateContainerError', message, { cause })
  })
  return parseProfile(text)
}
