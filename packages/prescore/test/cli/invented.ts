/** A command line that was made up: every sort of option and place, and texts with what shells take for something else. */
import { type Command, EXIT } from '../../src/cli/command.ts'

const nothing = { usage: '', example: '', positionals: [0, 9], run: async () => EXIT.done } as const

export const INVENTED: readonly Command[] = [
  {
    ...nothing,
    name: 'bake',
    summary: "make bread: it's [mostly] $flour, \\ and `water`",
    options: {
      oven: { type: 'string', value: 'KIND', values: ['gas', 'wood-fired'], help: "The baker's oven: [gas] by default" },
      recipe: { type: 'string', value: 'FILE', values: 'file', help: 'A file' },
      shelf: { type: 'string', value: 'DIR', values: 'folder', help: 'A folder' },
      'for-long': { type: 'string', value: 'TIME', help: 'Any text' },
      twice: { type: 'boolean', help: 'No value' },
    },
    places: ['prediction', ['now', 'later'], 'file'],
  },
  { ...nothing, name: 'buy', summary: 'buy it', options: {}, places: [[], 'source', 'folder'] },
]
