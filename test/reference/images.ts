import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, copyFileSync, mkdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Gives containerd the stock Node image, as far as programs notice, and the image of sandboxes: no registry is asked. */
export async function importImages(socket: string, directory: string): Promise<void> {
  const sleep = join(directory, 'pause')
  await copyProgram('/bin/sleep', '/bin/sleep', sleep)
  await importImage(socket, directory, 'registry.k8s.io/pause:3.10', sleep, ['/bin/sleep', 'infinity'])
  const node = join(directory, 'node')
  await copyProgram(process.execPath, '/usr/local/bin/node', node)
  for (const folder of ['tmp', 'root', 'proc', 'sys', 'dev', 'etc', 'home/node'])
    mkdirSync(join(node, folder), { recursive: true })
  chmodSync(join(node, 'tmp'), 0o1777)
  writeFileSync(join(node, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000:node:/home/node:/bin/sh\n')
  writeFileSync(join(node, 'etc/group'), 'root:x:0:\nnode:x:1000:\n')
  await importImage(socket, directory, 'docker.io/library/node:24', node, ['node'])
}

/** A program and the libraries that it needs, each where it looks for it. */
async function copyProgram(file: string, as: string, root: string): Promise<void> {
  const copy = (from: string, to: string) => {
    mkdirSync(dirname(join(root, to)), { recursive: true })
    copyFileSync(realpathSync(from), join(root, to))
    chmodSync(join(root, to), 0o755)
  }
  copy(file, as)
  const { stdout } = await run('ldd', [file])
  for (const [path] of stdout.matchAll(/\/[^ \n]+/g)) if (path !== file && !path.endsWith(':')) copy(path, path)
}

/** Imports the tree at `root` as an image of one layer. */
async function importImage(
  socket: string,
  directory: string,
  name: string,
  root: string,
  entrypoint: readonly string[],
): Promise<void> {
  const archive = join(directory, 'image')
  mkdirSync(archive)
  await run('tar', ['-C', root, '-cf', join(archive, 'layer.tar'), '.'])
  const digest = createHash('sha256')
    .update(await readFile(join(archive, 'layer.tar')))
    .digest('hex')
  const config = JSON.stringify({
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    os: 'linux',
    config: { Entrypoint: entrypoint, Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'] },
    rootfs: { type: 'layers', diff_ids: [`sha256:${digest}`] },
  })
  const configFile = `${createHash('sha256').update(config).digest('hex')}.json`
  writeFileSync(join(archive, configFile), config)
  const manifest = [{ Config: configFile, RepoTags: [name], Layers: ['layer.tar'] }]
  writeFileSync(join(archive, 'manifest.json'), JSON.stringify(manifest))
  await run('tar', ['-C', archive, '-cf', join(directory, 'image.tar'), 'manifest.json', configFile, 'layer.tar'])
  await run('ctr', ['-a', socket, '-n', 'k8s.io', 'images', 'import', join(directory, 'image.tar')])
  rmSync(archive, { recursive: true })
  rmSync(join(directory, 'image.tar'))
  rmSync(root, { recursive: true })
}
