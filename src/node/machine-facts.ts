import { readFileSync } from 'node:fs'
import { release } from 'node:os'
import type { NodeFacts } from './registration.ts'

type MachineFacts = Pick<NodeFacts, 'platform' | 'architecture' | 'kernelVersion' | 'osImage' | 'bootId'>

let known: MachineFacts | undefined

/** What a node says of the machine it is on: read once, since thousands of simulated ones are on the same. */
export function machineFacts(): MachineFacts {
  return (known ??= readFacts())
}

function readFacts(): MachineFacts {
  const { platform, arch: architecture } = process
  const osImage = /^PRETTY_NAME=["']?(.*?)["']?$/m.exec(contentOf('/etc/os-release'))?.[1] ?? platform
  const bootId = contentOf('/proc/sys/kernel/random/boot_id').trim()
  return { platform, architecture, kernelVersion: release(), osImage, bootId }
}

/** Empty where there is no such file: other systems have none of them. */
function contentOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
