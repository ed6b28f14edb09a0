import { ApiFailure } from '@nanite/contracts';
import { likelyModels, nearest } from '@nanite/kit';
import { gateway } from '../gateway-address';

/** What is told of a model that is not there, and what to do. */
export interface MissingModel {
  message: string;
  hint: string;
}

/** Names that `nanite models pull` takes from the catalogue; none where it is not installed. */
async function pullable(): Promise<string[]> {
  const { catalogueNames } = await import('./catalogue');
  try {
    return catalogueNames();
  } catch {
    return [];
  }
}

/**
 * What to do about a model that is not installed: the installed one that was probably meant, or how to get it.
 *
 * @param installed names of the installed models
 */
export async function missingModel(name: string, installed: readonly string[]): Promise<MissingModel> {
  const message = `the model ${name} is not installed`;
  const known = await pullable();
  if (known.includes(name)) return { message, hint: `get it: nanite models pull ${name}` };
  const near = nearest(name, installed);
  const likely = near.length > 0 ? [] : likelyModels(name, known);
  const hint =
    near.length > 0
      ? `did you mean ${near.join(' or ')}?`
      : likely.length > 0
        ? `the catalogue has ${likely.join(', ')}: nanite models pull ${likely[0]}`
        : 'nanite models list shows what is installed, nanite models search what you can get';
  return { message, hint };
}

const isMissing = (error: unknown): error is ApiFailure =>
  error instanceof ApiFailure && error.status === 404 && ['model-not-found', 'http-404'].includes(error.code);

/**
 * An error as it is told: where the model is not there, with what was probably meant, or how to get it; any other as it is.
 *
 * @param name the model that was named
 */
export async function explainMissing(error: unknown, name: string): Promise<unknown> {
  if (!isMissing(error)) return error;
  const installed = await gateway()
    .tags(AbortSignal.timeout(2000))
    .then(({ models }) => models.map((model) => model.name))
    // Nothing is known of what is installed: the catalogue may help.
    .catch((): string[] => []);
  // A name that the service lists is missing in another sense: its own words are better.
  if (installed.includes(name)) return error;
  const { message, hint } = await missingModel(name, installed);
  return new ApiFailure(404, 'model-not-found', message, hint, { cause: error });
}

/** Do something with an installed model. @throws what `action` throws, by {@link explainMissing} */
export async function withModel<T>(name: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw await explainMissing(error, name);
  }
}
