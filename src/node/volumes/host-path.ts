import { stat, writeFile } from 'node:fs/promises'
import type { HostPathVolumeSource } from '../../api/generated/core-v1.ts'
import { makeDirectory } from '../../env/make-directory.ts'
import { VolumeError } from '../config-error.ts'

/** Checks or creates a path of the host, as its `type` asks. */
export async function provideHostPath({ path: host, type = '' }: HostPathVolumeSource): Promise<string> {
  if (type === '') return host
  const found = await stat(host).catch(() => undefined)
  if (found === undefined && type === 'DirectoryOrCreate') makeDirectory(host, 0o755)
  if (found === undefined && type === 'FileOrCreate') await writeFile(host, '', { flag: 'a', mode: 0o644 })
  if (found === undefined && type.endsWith('OrCreate')) return host
  const wanted = type.replace('OrCreate', '')
  const checks: Readonly<Record<string, boolean | undefined>> = {
    Directory: found?.isDirectory(),
    File: found?.isFile(),
    Socket: found?.isSocket(),
    CharDevice: found?.isCharacterDevice(),
    BlockDevice: found?.isBlockDevice(),
  }
  if (checks[wanted] !== true) throw new VolumeError(`hostPath type check failed: ${host} is not a ${WORDS[wanted]}`)
  return host
}

/** What the kubelet calls each type. */
const WORDS: Readonly<Record<string, string>> = {
  Directory: 'directory',
  File: 'file',
  Socket: 'socket file',
  CharDevice: 'character device',
  BlockDevice: 'block device',
}
