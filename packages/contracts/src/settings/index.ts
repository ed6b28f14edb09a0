import { z } from 'zod';
import { CliSettings } from './cli';
import { EngineSettings } from './engine';
import { GatewaySettings } from './gateway';
import { KnowledgeSettings } from './knowledge';
import { ModelSettings } from './models';

/** Sections that a person may set in ~/.config/nanite/config.yaml; the rest is the administrator's. */
export const userSections = ['cli', 'knowledge'] as const;

/**
 * All settings of Nanite: /usr/share/nanite/config.d, /etc/nanite, then the person's own ({@link userSections} only).
 *
 * A program that needs one section loads `z.object({ section: SectionSettings.prefault({}) })`, which passes over the
 * others: a mistake in somebody else's section is not its business.
 */
export const Settings = z.strictObject({
  engine: EngineSettings.prefault({}).describe('How models are run: nanite-engine.'),
  gateway: GatewaySettings.prefault({}).describe('Who may ask which model: nanite-gateway.'),
  models: ModelSettings.prefault({}).describe('The model store: nanite-models.'),
  knowledge: KnowledgeSettings.prefault({}).describe('Search in files: nanite-rag.'),
  cli: CliSettings.prefault({}).describe('The `nanite` command.'),
});

export type Settings = z.infer<typeof Settings>;
export { CliSettings, EngineSettings, GatewaySettings, KnowledgeSettings, ModelSettings };
