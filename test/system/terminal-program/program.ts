import process from 'node:process';
import { prepareForInk } from '../../../src/console/mode.ts';

prepareForInk(process.env);
await import('./picture.tsx');
