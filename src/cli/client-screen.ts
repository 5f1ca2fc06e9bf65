import process from 'node:process';
import { prepareForInk } from '../console/mode.ts';
import type { PictureOptions } from './client-options.ts';
import { showsPictures } from './terminal-pictures.ts';

/** Whether the command shows a picture while it runs. What a program reads is never mixed with one. */
export const showsPicture = ({ plain, json }: PictureOptions): boolean =>
  showsPictures(plain || json);

/** Loads Ink, which takes longer than many commands: not before a picture is wanted. */
export function loadClientScreen() {
  prepareForInk(process.env);
  return import('../console/client-screen.tsx');
}
