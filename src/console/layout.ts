/** The panes of a console, in the order of the keys 1 to 4 that focus them. */
export const paneNames = ['peers', 'scheduler', 'tables', 'commands'] as const;

export type PaneName = (typeof paneNames)[number];

/** A part of the screen, in columns and rows from its top left corner. */
export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly columns: number;
  readonly rows: number;
}

/** Where everything of one console is. A pane of one row is its title alone; one that is null is not shown. */
export interface PanesLayout {
  readonly kind: 'panes';
  readonly header: Rect;
  /** Directly below the header, where something is to be shown there. */
  readonly alarms: Rect | null;
  readonly panes: Readonly<Record<PaneName, Rect | null>>;
}

/** There is no room for anything but a line of words. */
export interface TinyLayout {
  readonly kind: 'tiny';
}

export interface ScreenLayout {
  readonly kind: 'screen';
  /** One line for the consoles that are not shown, at the top. */
  readonly strip: Rect | null;
  /** One for each server, in their order; null for one that is only in the strip. */
  readonly consoles: readonly (PanesLayout | null)[];
  readonly script: Rect | null;
  readonly footer: Rect;
}

export interface ConsoleNeeds {
  /** Rows of the bar of alarms: 0 where there is none. */
  readonly alarmRows?: 0 | 1;
  /** Lines that the Peers pane would like to show. What its presenter usually makes of this width if not given. */
  readonly peersLines?: number;
}

export interface ScreenNeeds extends ConsoleNeeds {
  readonly columns: number;
  readonly rows: number;
  readonly servers: 1 | 2 | 3;
  /** Index of the server whose console has the keyboard. */
  readonly active: number;
  readonly focus: PaneName;
  readonly zoom: boolean;
  /** Rows that the script of a walk-through would like to have; 0 for none. */
  readonly scriptRows: number;
}

/** Below this no picture has room: one line of words is shown instead. */
export const smallest = { columns: 40, rows: 12 };
export const needsMore = `needs ${smallest.columns}x${smallest.rows}`;
/** The smallest screen without its footer, a strip and one line of a script. */
const smallestRegionRows = smallest.rows - 3;
/** A screen of 30 rows without its footer. */
const stackedRows = 29;
const gridColumns = 120;
/** From here on two panes above each other say more than one open pane and three closed ones. */
const gridRows = 17;
const sideBySideColumns = 50;
const commandsRows = 6;
/** A border above and below, and a line between. */
const openRows = 3;

/** One console's region: its header and its panes, which tile the region. The footer is not part of it. */
export function consoleLayout(
  columns: number,
  rows: number,
  focus: PaneName,
  zoom: boolean,
  needs: ConsoleNeeds = {},
): PanesLayout | TinyLayout {
  if (columns < smallest.columns || rows < smallestRegionRows) {
    return { kind: 'tiny' };
  }
  return layPanes({ x: 0, y: 0, columns, rows }, focus, zoom, needs);
}

/**
 * The whole screen: consoles side by side where each has 50 columns, else the active one alone with a strip for
 * the others. All consoles are laid out alike, so that what is compared stands on the same row.
 */
export function screenLayout(needs: ScreenNeeds): ScreenLayout | TinyLayout {
  const { columns, rows, servers, active, focus, zoom } = needs;
  if (columns < smallest.columns || rows < smallest.rows) {
    return { kind: 'tiny' };
  }
  const sideBySide = servers === 1 || columns >= servers * sideBySideColumns;
  const stripRows = sideBySide ? 0 : 1;
  const scriptRows = scriptHeight(needs.scriptRows, rows - 1 - stripRows);
  const consoleRows = rows - 1 - stripRows - scriptRows;
  const across = (y: number, height: number): Rect => ({ x: 0, y, columns, rows: height });
  const consoles: (PanesLayout | null)[] = [];
  for (let server = 0, x = 0; server < servers; server += 1) {
    if (sideBySide) {
      // The columns that are over go to the first ones.
      const width = Math.ceil((columns - x) / (servers - server));
      consoles.push(layPanes({ x, y: 0, columns: width, rows: consoleRows }, focus, zoom, needs));
      x += width;
    } else {
      const region = across(stripRows, consoleRows);
      consoles.push(server === active ? layPanes(region, focus, zoom, needs) : null);
    }
  }
  return {
    kind: 'screen',
    strip: stripRows > 0 ? across(0, stripRows) : null,
    consoles,
    script: scriptRows > 0 ? across(rows - 1 - scriptRows, scriptRows) : null,
    footer: across(rows - 1, 1),
  };
}

/** A script gives way to the consoles: it is what they do that is to be seen. */
function scriptHeight(wanted: number, rows: number): number {
  if (rows - wanted >= 24) {
    return wanted;
  }
  return Math.min(wanted, rows >= 18 ? 2 : 1);
}

function layPanes(region: Rect, focus: PaneName, zoom: boolean, needs: ConsoleNeeds): PanesLayout {
  const alarmRows = needs.alarmRows ?? 0;
  const top = region.y + 1 + alarmRows;
  const body = { ...region, y: top, rows: region.y + region.rows - top };
  return {
    kind: 'panes',
    header: { ...region, rows: 1 },
    alarms: alarmRows > 0 ? { ...region, y: region.y + 1, rows: alarmRows } : null,
    panes: panesOf(region, body, focus, zoom, needs),
  };
}

function panesOf(
  region: Rect,
  body: Rect,
  focus: PaneName,
  zoom: boolean,
  needs: ConsoleNeeds,
): PanesLayout['panes'] {
  if (zoom) {
    const none = { peers: null, scheduler: null, tables: null, commands: null };
    return { ...none, [focus]: body };
  }
  if (region.columns >= gridColumns && region.rows >= gridRows) {
    return grid(body, needs.peersLines);
  }
  const heights =
    region.rows >= stackedRows
      ? stackedHeights(body, needs.peersLines ?? usualPeersLines(body.columns))
      : closedHeights(body.rows, focus);
  return stack(body, heights);
}

type Heights = Readonly<Record<PaneName, number>>;

/** All four open. Who is focused changes nothing, so that nothing jumps. */
function stackedHeights(body: Rect, peersLines: number): Heights {
  const third = Math.floor(body.rows / 3);
  const peers = Math.max(openRows, Math.min(peersLines + 2, third));
  const commands = Math.max(commandsRows, Math.floor(body.rows / 3));
  const rest = body.rows - peers - commands;
  const scheduler = Math.floor(rest * 0.45);
  return { peers, scheduler, tables: rest - scheduler, commands };
}

/** Title lines, but for the focused pane and, where there is room for both, Commands. */
function closedHeights(rows: number, focus: PaneName): Heights {
  const closed = { peers: 1, scheduler: 1, tables: 1, commands: 1 };
  if (focus === 'commands') {
    return { ...closed, commands: rows - 3 };
  }
  const shared = rows - 2;
  const commands = shared >= 2 * openRows ? Math.floor(shared / 2) : 1;
  return { ...closed, commands, [focus]: shared - commands };
}

function stack(body: Rect, heights: Heights): PanesLayout['panes'] {
  const tables = body.y + heights.peers + heights.scheduler;
  return {
    peers: { ...body, rows: heights.peers },
    scheduler: { ...body, y: body.y + heights.peers, rows: heights.scheduler },
    tables: { ...body, y: tables, rows: heights.tables },
    commands: { ...body, y: tables + heights.tables, rows: heights.commands },
  };
}

/** Peers above Share tables, Scheduler above Commands: each column has a height of its own for its upper pane. */
function grid(body: Rect, peersLines: number | undefined): PanesLayout['panes'] {
  const left = Math.ceil(body.columns / 2);
  const half = Math.floor(body.rows / 2);
  const wanted = (peersLines ?? usualPeersLines(left)) + 2;
  const peers = Math.max(openRows, Math.min(wanted, half));
  const right = { ...body, x: body.x + left, columns: body.columns - left };
  return {
    peers: { ...body, columns: left, rows: peers },
    tables: { ...body, columns: left, y: body.y + peers, rows: body.rows - peers },
    scheduler: { ...right, rows: half },
    commands: { ...right, y: body.y + half, rows: body.rows - half },
  };
}

/** Two peers, each on as many lines as its words usually take at this width. */
function usualPeersLines(columns: number): number {
  return columns >= 53 ? 4 : 6;
}
