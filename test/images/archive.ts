import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** What an image runs, as in a Dockerfile. */
export interface ImageConfig {
  readonly Entrypoint?: readonly string[]
  readonly Cmd?: readonly string[]
  readonly Env?: readonly string[]
  readonly WorkingDir?: string
  readonly User?: string
  readonly StopSignal?: string
  readonly ExposedPorts?: Readonly<Record<string, object>>
}

const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64' }

/** Packs a root file system of one layer as an archive that `docker load` and `ctr images import` take. */
export function packImage(root: string, names: readonly string[], config: ImageConfig, archive: string): void {
  const work = mkdtempSync(join(dirname(archive), 'pack-'))
  try {
    const layer = join(work, 'layer.tar')
    const fixed = ['--sort=name', '--mtime=@0', '--numeric-owner', '--owner=0', '--group=0']
    execFileSync('tar', [...fixed, '-C', root, '-cf', layer, '.'])
    const digest = createHash('sha256').update(readFileSync(layer)).digest('hex')
    const described = JSON.stringify({
      architecture: ARCHITECTURES[process.arch] ?? process.arch,
      os: 'linux',
      config: { ...config, Env: [PATH, ...(config.Env ?? [])] },
      rootfs: { type: 'layers', diff_ids: [`sha256:${digest}`] },
      history: [{ created_by: 'test/images' }],
    })
    const configName = `${createHash('sha256').update(described).digest('hex')}.json`
    writeFileSync(join(work, configName), described)
    const manifest = [{ Config: configName, RepoTags: names, Layers: ['layer.tar'] }]
    writeFileSync(join(work, 'manifest.json'), JSON.stringify(manifest))
    execFileSync('tar', ['-C', work, '-cf', join(work, 'image.tar'), configName, 'layer.tar', 'manifest.json'])
    renameSync(join(work, 'image.tar'), archive)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}
