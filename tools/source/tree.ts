import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { readModule } from './module.ts'
import type { SourceModule } from './module.ts'

/** Every TypeScript file of the checkout at `root` that people write: not generated, not a fixture, not ignored by git. */
export function readSources(root: string): readonly SourceModule[] {
  const listing = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.ts'], {
    cwd: root,
    encoding: 'utf8',
  })
  return listing
    .split('\n')
    .filter((file) => file !== '' && !/(^|\/)(generated|fixtures)\//.test(file) && existsSync(path.join(root, file)))
    .map((file) => readModule(file, readFileSync(path.join(root, file), 'utf8')))
}
