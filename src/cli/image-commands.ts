import { Option } from 'commander'
import type { Command } from 'commander'

/** Images for the nodes of clusters on this machine. */
export function addImages(program: Command): void {
  const images = program.command('images').description("images for the cluster's nodes")
  const part = (name: string, description: string, example: string) =>
    images
      .command(name)
      .description(description)
      .addOption(
        new Option('--runtime <name>', 'the engine to give them to (default: those of the running clusters)').choices([
          'docker',
          'cri',
        ]),
      )
      .option('--cri-endpoint <socket>', "the CRI runtime's socket (default: the running cluster's)")
      .addHelpText('after', `\nExamples:\n  ${example}`)
  part('load', 'take images from archives, as `docker save` writes them', 'shoal images load app.tar')
    .argument('<files...>', 'archives; - is standard input')
    .action(async (files: readonly string[], options) => {
      const { loadImages } = await import('./images.ts')
      process.exitCode = await loadImages(files, options)
    })
  part('build', 'build an image and make it available', 'shoal images build --tag data-processor:1 .')
    .argument('<directory>', 'what the Dockerfile can copy from')
    .requiredOption('-t, --tag <name>', "the image's name, such as data-processor:1")
    .option('-f, --file <path>', 'the Dockerfile, within the directory (default: Dockerfile)')
    .option('--build-arg <name=value>', 'a value for the Dockerfile; may be repeated', argument, {})
    .action(async (directory: string, options) => {
      const { buildImage } = await import('./images.ts')
      process.exitCode = await buildImage(directory, options)
    })
}

function argument(text: string, before: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const [name = '', ...value] = text.split('=')
  return { ...before, [name]: value.join('=') }
}
