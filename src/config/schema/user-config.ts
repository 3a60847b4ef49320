import * as z from 'zod'
import { appSection, type UserApp } from './app.ts'
import { required, section } from './section.ts'
import { mustBe } from './show.ts'

export const appListSchema = z
  .array(appSection.schema, { error: (issue) => mustBe('a list of apps', issue.input) })
  .min(1, 'must name at least one app')

export const configSection = section({
  about: 'The whole file. It may also be just the list of apps, or one app.',
  shape: { apps: required('The apps, see below.', appListSchema) },
})

/** A config as the user writes it: an object with `apps`, a list of apps, or one app. */
export type UserConfig = z.input<typeof configSection.schema> | UserApp | readonly UserApp[]
