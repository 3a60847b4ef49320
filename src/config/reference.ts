import type * as z from 'zod'
import { appSection, SECTIONS } from './schema/app.ts'
import { fieldRules } from './schema/field.ts'
import { keyDocs } from './schema/section.ts'
import { configSection } from './schema/user-config.ts'

const INTRODUCTION = `# Config

<!-- Generated from src/config/schema by \`npm run docs\`. -->

\`upkeep.config.{ts,mts,js,mjs,cjs,cts,json,yaml,yml}\` says what to run. \`upkeep start\` in its folder makes it so.

\`\`\`ts
import { defineConfig } from 'upkeep'

export default defineConfig({
  apps: [
    {
      name: 'web',
      script: 'src/server.ts',
      instances: 'max',
      stop: '10s',
      env: { PORT: 3000 },
      environments: { staging: { instances: 1 } },
    },
  ],
})
\`\`\`

- Code may export the config, a promise of it, or a function that is called with \`{ env }\`, the name given with \`--env\`.
- Unknown keys are errors. Keys that start with \`x-\` are yours.
- Times have a unit (\`ms\`, \`s\`, \`m\`, \`h\`, \`d\`; \`1m30s\` works), sizes too (\`KB\`, \`MB\`, \`GB\`, \`TB\`; 1 KB is 1024 bytes).
- \`cwd\` starts at the folder of the config; \`script\`, \`interpreter\` and \`envFile\` start at \`cwd\`. \`~/\` is your home.
- The environment of an app is exact. It gets \`PATH\`, \`HOME\`, \`USER\`, \`LOGNAME\`, \`SHELL\`, \`LANG\`, \`LC_*\`, \`TZ\` and \`TMPDIR\` of
  the command, what \`inheritEnv\` names, then \`envFile\`, then \`env\`. \`NODE_ENV\` is \`production\` unless one of them sets it.
  With \`user\`, \`HOME\`, \`USER\`, \`LOGNAME\` and \`SHELL\` are that user's.
  An app started without a config (\`upkeep start server.js\`) gets the whole environment of the command.
  [What an app sees](../guide/environment.md) tells it all, also how env files are written.
- An npm script is started without npm and without a shell: \`pre\` and \`post\` scripts do not run, and a script that needs a
  shell is refused. \`node_modules/.bin\` is in front of \`PATH\`, as npm has it.
`

/** The reference page of the config, made from the schema. */
export function renderConfigReference(): string {
  const sections = Object.entries(SECTIONS).map(([name, { about, shape, shorthand }]) => {
    const short = shorthand === undefined ? '' : ` May be written as just ${shorthand}.`
    return part(`\`${name}\``, about + short, shape)
  })
  const top = part('The file', configSection.about, configSection.shape)
  const app = part('An app', appSection.about, appSection.shape)
  return [INTRODUCTION, top, app, ...sections].join('\n')
}

function part(title: string, about: string, shape: Readonly<Record<string, z.ZodType>>): string {
  const rows = Object.entries(shape).map(([key, schema]) => row(key, schema))
  return `## ${title}

${about}

| key | value | default | meaning |
| --- | --- | --- | --- |
${rows.join('\n')}
`
}

function row(key: string, schema: z.ZodType): string {
  const docs = keyDocs.get(schema)
  if (docs === undefined) throw new Error(`config key "${key}" is not documented`)
  const shownDefault =
    docs.default === undefined || key in SECTIONS ? '' : `\`${JSON.stringify(docs.default)}\``
  const cells = [`\`${key}\``, ruleOf(key, schema), shownDefault, docs.about]
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

function ruleOf(key: string, schema: z.ZodType): string {
  if (key in SECTIONS) return `see [\`${key}\`](#${key})`
  const rule = fieldRules.get(schema)?.rule ?? fieldRules.get(innermost(schema))?.rule
  return rule ?? (key === 'apps' ? 'a list of apps' : 'an object')
}

/** Below what only says that the key may be left out. */
function innermost(schema: z.ZodType): z.ZodType {
  if (fieldRules.has(schema) || !('innerType' in schema.def)) return schema
  return innermost(schema.def.innerType as z.ZodType)
}
