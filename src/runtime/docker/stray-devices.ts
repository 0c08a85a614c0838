import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import type Docker from 'dockerode'
import { sleep } from '../../env/clock.ts'
import type { Environment } from '../../env/environment.ts'

/** A pair that is about to be given to a container is in this state too, for some milliseconds. */
const SETTLING_MS = 5_000
const DEVICES = '/sys/class/net'

/**
 * Docker that is killed between making a pair of network devices and giving one to its container leaves both where they are,
 * one plugged into its bridge, for ever. Removes those of the network that are there and stay there. Never rejects.
 */
export async function removeStrayDevices({ timers, log }: Environment, docker: Docker, network: string): Promise<void> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return
  try {
    const bridge = await bridgeOf(docker, network)
    const found = straysOn(bridge)
    if (found.length === 0) return
    await sleep(timers, SETTLING_MS)
    const still = straysOn(bridge)
    for (const name of found.filter((each) => still.includes(each))) {
      await promisify(execFile)('ip', ['link', 'delete', 'dev', name])
    }
  } catch (error) {
    log.debug('network devices that Docker may have left were not removed', { error })
  }
}

async function bridgeOf(docker: Docker, network: string): Promise<string> {
  const { Options } = (await docker.getNetwork(network).inspect()) as { readonly Options?: Record<string, string> }
  return Options?.['com.docker.network.bridge.name'] ?? ''
}

/** Devices plugged into the bridge whose other end is in the host's network too; a pod's end is not. */
function straysOn(bridge: string): readonly string[] {
  const here = new Map(readdirSync(DEVICES).map((name) => [indexOf(name, 'ifindex'), name]))
  return readdirSync(path.join(DEVICES, bridge, 'brif')).filter((name) => {
    const other = here.get(indexOf(name, 'iflink'))
    // In another network the same number may be another device's.
    return other !== undefined && other !== name && indexOf(other, 'iflink') === indexOf(name, 'ifindex')
  })
}

function indexOf(device: string, file: 'ifindex' | 'iflink'): string {
  try {
    return readFileSync(path.join(DEVICES, device, file), 'utf8').trim()
  } catch {
    // It is gone, or no device: the folder has files, too.
    return ''
  }
}
