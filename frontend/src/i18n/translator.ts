/**
 * What the server says, in another language: `locales/<language>/server.json`.
 *
 * The server speaks English. `problem` has a sentence for each code; the others have the server's
 * own sentences as keys, with `{}` for what is put in, which the translation calls `{1}`, `{2}`;
 * `{=1}` is for what is itself a sentence of the server. tests/test_server_texts.py reads from the
 * server's source what it can say, and fails for what is missing here, or is not said any more.
 */
export interface ServerTexts {
  problem: Readonly<Record<string, string>>;
  /** What a job is doing. */
  step: Readonly<Record<string, string>>;
  /** Names of checks. */
  check: Readonly<Record<string, string>>;
  /** Messages, hints, warnings and what checks found. */
  sentence: Readonly<Record<string, string>>;
  /** What is wrong with a value that was sent; Pydantic says it. */
  field: Readonly<Record<string, string>>;
}

export type Kind = Exclude<keyof ServerTexts, "problem">;

/** A part of what is said; `foreign` if it is left in the server's own English. */
export interface Piece {
  text: string;
  foreign: boolean;
}

interface Pattern {
  matcher: RegExp;
  translation: string;
  /** How much of it is not put in: what says more goes first. */
  fixed: number;
}

/** Says what the server says in one language. */
export class Translator {
  private readonly patterns = new Map<Kind, Pattern[]>();
  private readonly said = new Map<string, Piece[] | null>();

  constructor(
    private readonly texts: ServerTexts,
    private readonly locale: string,
  ) {}

  /** What a code of a problem means; null if it is not known. */
  problem(code: string): string | null {
    return own(this.texts.problem, code) ?? null;
  }

  /** Say a sentence; null if nothing of it is recognised. */
  say(kind: Kind, text: string): Piece[] | null {
    const key = `${kind} ${text}`;
    const known = this.said.get(key);
    if (known !== undefined) return known;
    const found =
      joined(this.whole(kind, text) ?? this.inParts(kind, text)) ?? this.begun(kind, text);
    if (this.said.size > MOST_KEPT) this.said.clear();
    this.said.set(key, found);
    return found;
  }

  private whole(kind: Kind, text: string): Piece[] | null {
    const fixed = own(this.texts[kind], text);
    if (fixed !== undefined) return [{ text: fixed, foreign: false }];
    const counted = kind === "sentence" && this.counted(text);
    if (counted) return counted;
    for (const { matcher, translation } of this.patternsOf(kind)) {
      const values = matcher.exec(text);
      if (values) return this.fill(kind, translation, values);
    }
    return null;
  }

  /** What the page begins a sentence with, though the server does not. */
  private begun(kind: Kind, text: string): Piece[] | null {
    const small = text.charAt(0).toLowerCase() + text.slice(1);
    const [first, ...rest] = (small !== text && this.whole(kind, small)) || [];
    if (!first) return null;
    const large = first.text.charAt(0).toUpperCase() + first.text.slice(1);
    return joined([{ ...first, text: large }, ...rest]);
  }

  /** A check of one of several databases, a name with what was found, or several sentences. */
  private inParts(kind: Kind, text: string): Piece[] | null {
    if (kind === "check") {
      const [, name, of] = /^(.+?)( \([^()]+\))$/.exec(text) ?? [];
      const said = name && this.whole(kind, name);
      return said ? [...said, { text: of ?? "", foreign: false }] : null;
    }
    if (kind !== "sentence") return null;
    return this.listed(text, "; ") ?? this.listed(text, SENTENCE_END) ?? this.named(text);
  }

  private listed(text: string, separator: string | RegExp): Piece[] | null {
    const parts = text.split(separator);
    if (parts.length < 2) return null;
    const between = typeof separator === "string" ? separator : " ";
    const said = parts.map((each) => this.say("sentence", each));
    if (said.every((each) => each === null)) return null;
    return said.flatMap((each, index) => [
      { text: index > 0 ? between : "", foreign: false },
      ...(each ?? [{ text: parts[index] ?? "", foreign: true }]),
    ]);
  }

  /** Numbers of several things, as in `14 tables, 18,351 rows`, if all are known. */
  private counted(text: string): Piece[] | null {
    const parts = text.split(", ");
    if (parts.length < 2 || !parts.every((each) => /^\d/.test(each))) return null;
    const isKnown = parts.every((each) => this.say("sentence", each) !== null);
    return isKnown ? this.listed(text, ", ") : null;
  }

  /** `foreign keys: 3 rows`, or `thumbnails: There is no directory`. */
  private named(text: string): Piece[] | null {
    const [, name = "", found = ""] = /^(.+?): (.+)$/s.exec(text) ?? [];
    if (!name) return null;
    const check = this.say("check", name);
    const said = this.say("sentence", found);
    if (check === null && said === null) return null;
    const named = check ?? [{ text: name, foreign: false }];
    return [...named, { text: ": ", foreign: false }, ...(said ?? this.again("sentence", found))];
  }

  private again(kind: Kind, text: string): Piece[] {
    const within = kind === "check" ? kind : "sentence";
    const said = this.say(within, text) ?? this.say("field", text);
    return said ?? [{ text, foreign: /\s/.test(text) }];
  }

  private fill(kind: Kind, translation: string, values: RegExpExecArray): Piece[] {
    return translation.split(/(\{=?\d\})/).flatMap((part) => {
      const [, again, number] = /^\{(=?)(\d)\}$/.exec(part) ?? [];
      if (number === undefined) return [{ text: part, foreign: false }];
      const value = values[Number(number)] ?? "";
      return again ? this.again(kind, value) : [{ text: this.value(value), foreign: false }];
    });
  }

  /** The server writes large numbers as `1,234,567`. */
  private value(text: string): string {
    if (!/^\d{1,3}(,\d{3})+$/.test(text)) return text;
    return new Intl.NumberFormat(this.locale).format(Number(text.replaceAll(",", "")));
  }

  private patternsOf(kind: Kind): Pattern[] {
    let made = this.patterns.get(kind);
    if (made === undefined) {
      made = Object.entries(this.texts[kind])
        .filter(([english]) => english.includes("{}"))
        .map(([english, translation]) => patternOf(english, translation))
        .sort((one, other) => other.fixed - one.fixed);
      this.patterns.set(kind, made);
    }
    return made;
  }
}

const MOST_KEPT = 500;
const SPECIAL = /[.*+?^${}()|[\]\\]/g;
const SENTENCE_END = /(?<=[.!?]) (?=[A-Z`"'])/;

function patternOf(english: string, translation: string): Pattern {
  const fixed = english.split("{}");
  // What follows upon a word without a space may be nothing: `no backup in {}{}`.
  const source = english
    .replace(SPECIAL, "\\$&")
    .replace(/(?<=[\w}])\\\{\\\}/g, "(.*?)")
    .replaceAll("\\{\\}", "(.+?)");
  return {
    matcher: new RegExp(`^${source}$`, "s"),
    translation,
    fixed: fixed.join("").length,
  };
}

/** Parts in the same language as one. */
function joined(pieces: Piece[] | null): Piece[] | null {
  if (pieces === null) return null;
  const found: Piece[] = [];
  for (const each of pieces) {
    const last = found.at(-1);
    if (last && last.foreign === each.foreign) last.text += each.text;
    else found.push({ ...each });
  }
  return found;
}

function own(texts: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(texts, key) ? texts[key] : undefined;
}
