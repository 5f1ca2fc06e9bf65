import { CrowdClients } from './grow/crowd-clients.ts';
import { serveParent } from './serve-parent.ts';

/* A process in which some of very many clients live (grow/crowds.ts). */

const clients = new CrowdClients();
serveParent(clients.perform.bind(clients));
