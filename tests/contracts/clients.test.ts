import { clientSuite } from './clients/runner/suite';
import { quickModels } from './clients/runner/machine';

/** The clients that most programs stand on, unmodified. All others: `make test-clients`. */
clientSuite('core', quickModels);
