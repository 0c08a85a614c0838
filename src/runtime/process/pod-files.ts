import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Mount, SandboxSpec } from '../runtime.ts'

/** What a pod has on disk: its working directory, its logs, and the files that containers see under /etc. */
export interface PodFiles {
  readonly directory: string
  readonly work: string
  readonly logs: string
  readonly mounts: readonly Mount[]
}

export async function createPodFiles(directory: string, spec: SandboxSpec, ip: string): Promise<PodFiles> {
  const files = { directory, work: path.join(directory, 'work'), logs: path.join(directory, 'logs') }
  await Promise.all([mkdir(files.work, { recursive: true }), mkdir(files.logs, { recursive: true })])
  const mount = (name: string) => ({
    hostPath: path.join(directory, name),
    containerPath: `/etc/${name}`,
    readOnly: false,
  })
  const written: Mount[] = []
  const write = async (name: string, text: string) => {
    await writeFile(path.join(directory, name), text)
    written.push(mount(name))
  }
  await Promise.all([
    writeHostsFile(path.join(directory, 'hosts'), spec, ip).then(() => void written.push(mount('hosts'))),
    spec.hostNetwork ? undefined : write('hostname', `${spec.hostname}\n`),
    spec.dns.servers.length > 0 ? write('resolv.conf', resolverFile(spec)) : undefined,
  ])
  return { ...files, mounts: written }
}

/** A pod's hosts file, as the kubelet writes it. */
export async function writeHostsFile(file: string, spec: SandboxSpec, ip: string): Promise<void> {
  await writeFile(file, spec.hostNetwork ? await hostHosts(spec) : podHosts(spec, ip))
}

function podHosts(spec: SandboxSpec, ip: string): string {
  const names = spec.domainName === undefined ? [spec.hostname] : [spec.domainName, spec.hostname]
  const own = `${ip}\t${[...new Set(names)].join('\t')}\n`
  return `# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n${own}${aliases(spec)}`
}

async function hostHosts(spec: SandboxSpec): Promise<string> {
  const text = await readFile('/etc/hosts', 'utf8').catch(() => '127.0.0.1\tlocalhost\n')
  return `# Kubernetes-managed hosts file (host network).\n${text}${aliases(spec)}`
}

function aliases(spec: SandboxSpec): string {
  if (spec.hostAliases.length === 0) return ''
  const lines = spec.hostAliases.map(({ ip, hostnames }) => `${ip}\t${hostnames.join('\t')}\n`)
  return `\n# Entries added by HostAliases.\n${lines.join('')}`
}

function resolverFile({ dns }: SandboxSpec): string {
  const line = (keyword: string, words: readonly string[]) =>
    words.length > 0 ? `${keyword} ${words.join(' ')}\n` : ''
  const servers = dns.servers.map((server) => `nameserver ${server}\n`).join('')
  return `${line('search', dns.searches)}${servers}${line('options', dns.options ?? [])}`
}
