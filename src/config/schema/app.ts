import * as z from 'zod'
import { BALANCES } from '../rules/choices.ts'
import { isText } from '../rules/text-rule.ts'
import { argsField, textListField } from './args.ts'
import { envField, inheritEnvField } from './env.ts'
import { choice, field, text } from './field.ts'
import { instancesField } from './instances.ts'
import { logsSection } from './logs.ts'
import { nameField } from './name.ts'
import { readySection } from './ready.ts'
import { reloadSection } from './reload.ts'
import { restartSection } from './restart.ts'
import { defaulted, optional, required, section } from './section.ts'
import { mustBe } from './show.ts'
import { stopSection } from './stop.ts'
import { ulimitsSection } from './ulimits.ts'

const HIGHEST_ID = 4_294_967_294

const SCRIPT_ABOUT =
  'What to run: a JavaScript or TypeScript file, a folder or package.json, an npm script (`npm:start`), any other executable file, or a program on PATH.'

function accountField(what: string) {
  return field<string | number>(`the name or number of a ${what}`, (value) =>
    isText(value) || isAccountId(value) ? value : undefined,
  )
}

function isAccountId(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= HIGHEST_ID
}

const settings = {
  name: optional(
    'What commands and logs call the app. Made from the script if left out: `server.js` is `server`.',
    nameField(),
  ),
  args: defaulted("The app's own arguments: a list, or one text that is split at spaces.", [], argsField()),
  cwd: optional(
    'The folder the app runs in. Left out: the folder of the config.',
    text('the path of a folder'),
  ),
  interpreter: optional(
    'The program that runs the script. Left out: chosen by the file, such as `node` for `.js` and `.ts`.',
    text('a program, such as "node" or "/usr/bin/python3"'),
  ),
  interpreterArgs: defaulted(
    'Arguments before the script, such as `--max-old-space-size=512`.',
    [],
    argsField(),
  ),
  instances: defaulted(
    'How many workers. `max` or 0: one per core; a negative number: leave so many cores free.',
    1,
    instancesField(),
  ),
  balance: defaulted(
    'How instances share connections. `shared`: one socket, whoever is free accepts; `spread`: one socket per instance, dealt out by the kernel; `own`: every instance has its own port.',
    'shared',
    choice(BALANCES),
  ),
  env: defaulted('Environment variables. Objects become JSON; null removes a variable.', {}, envField()),
  envFile: defaulted(
    'Files of `NAME=value` lines; a later one wins, and `env` wins over all of them.',
    [],
    textListField('the path of a file, or a list of paths'),
  ),
  inheritEnv: optional(
    'What else the app gets from the environment of the command: true for everything, or a list of names such as `["AWS_*"]`.',
    inheritEnvField(),
  ),
  ready: defaulted(readySection.about, {}, readySection.schema),
  stop: defaulted(stopSection.about, {}, stopSection.schema),
  reload: defaulted(reloadSection.about, {}, reloadSection.schema),
  restart: defaulted(restartSection.about, {}, restartSection.schema),
  logs: defaulted(logsSection.about, {}, logsSection.schema),
  user: optional('The user to run as: a name or number. Only root may say so.', accountField('user')),
  group: optional("The group to run as. Left out: the user's own.", accountField('group')),
  ulimits: defaulted(ulimitsSection.about, {}, ulimitsSection.schema),
}

/** The keys that an environment may override: all of them. */
export const overridesSection = section({
  about: 'Another value for any key of the app.',
  shape: { script: optional(SCRIPT_ABOUT, text()), ...settings },
})

export const appSection = section({
  about: 'One app: a script and how to run it.',
  shape: {
    script: required(SCRIPT_ABOUT, text('the path of a file, or a program')),
    ...settings,
    environments: defaulted(
      'Other values for some keys, chosen with `--env <name>`: `{ staging: { instances: 1, env: { … } } }`. Sections and `env` are merged key by key.',
      {},
      z.record(z.string(), overridesSection.schema, {
        error: (issue) => mustBe('an object of environments', issue.input),
      }),
    ),
  },
})

export const SECTIONS = {
  ready: readySection,
  stop: stopSection,
  reload: reloadSection,
  restart: restartSection,
  logs: logsSection,
  ulimits: ulimitsSection,
} as const

/** An app as the user writes it. */
export type UserApp = z.input<typeof appSection.schema>

/** An app that has passed the checks, with every default filled in. */
export type App = z.output<typeof appSection.schema>
