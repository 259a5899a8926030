// A careful filter as one writes it by hand: candidates by regular expression, each checked by net.isIP.
import { isIPv4, isIPv6 } from "node:net";
import { createReadStream, writeSync } from "node:fs";

const escape = String.raw`\\[nrtbf]|\\u[0-9a-fA-F]{4}|%[0-9a-fA-F]{2}|(?:\x1b|\\u001b|\\x1b|\\e|\\033)\[[0-9;]*m`;
const begin = `(?<=^|[^0-9A-Za-z.]|(?<![0-9])\\.|${escape})`;
const reverse4 = /(?<![0-9A-Za-z.])\d{1,3}(?=\.\d{1,3}\.\d{1,3}\.\d{1,3}\.in-addr\.arpa)/gi;
const reverse6 = /(?<![0-9A-Za-z.])(?:[0-9a-f]\.){20}(?=(?:[0-9a-f]\.){12}ip6\.arpa)/gi;
const host = /(?<![0-9])(?<![0-9][-_])(\d{1,3})([-_])(\d{1,3}\2\d{1,3})\2(\d{1,3})(?![0-9]|[-_][0-9])/g;
const six = new RegExp(`${begin}((?:[0-9a-fA-F]{0,4}(?::|%3[aA])){2,8}(?:\\d{1,3}(?:\\.\\d{1,3}){3}|[0-9a-fA-F]{0,5})(?![0-9A-Za-z]|:[0-9a-fA-F:]))`, "g");
const four = new RegExp(`${begin}(\\d{1,3}\\.\\d{1,3}\\.\\d{1,3})\\.(\\d{1,3})(?![0-9A-Za-z]|\\.\\d+(?![0-9A-Za-z])|\\.in-addr)`, "gi");

function cutFour(all, head, last) {
  const padded = last.length === 3 && all.split(".").every((n) => n.length === 3);
  return padded && Number(last) < 256 ? `${head}.000` : isIPv4(all) ? `${head}.0` : all;
}

function groups(text) {
  const [left, right] = text.split("::");
  const read = (half) => (half ? half.split(":").flatMap((g) => {
    if (!g.includes(".")) return [parseInt(g, 16)];
    const n = g.split(".").map(Number);
    return [(n[0] << 8) | n[1], (n[2] << 8) | n[3]];
  }) : []);
  const [a, b] = [read(left), right === undefined ? [] : read(right)];
  return [...a, ...Array(8 - a.length - b.length).fill(0), ...b];
}

function cutSix(all) {
  let text = all.replace(/%3a/gi, ":"), rest = "";
  if (!isIPv6(text) && /^(?:[0-9a-f]+:){8}\d{1,5}$/i.test(text)) [text, rest] = [text.slice(0, text.lastIndexOf(":")), text.slice(text.lastIndexOf(":"))];
  if (!isIPv6(text) && text.endsWith(":") && isIPv6(text.slice(0, -1))) [text, rest] = [text.slice(0, -1), ":"];
  if (!isIPv6(text)) return text.startsWith(":") && isIPv6(text.slice(1)) ? ":" + cutSix(text.slice(1)) : all;
  const g = groups(text);
  if (g.every((v) => v < 256) && /^(?:[0-9a-f]{2}:){7}[0-9a-f]{2}$/i.test(text)) return all;
  if (g.slice(0, 5).every((v) => v === 0) && g[5] === 0xffff) {
    const tail = text.includes(".") ? `${g[6] >> 8}.${g[6] & 255}.${g[7] >> 8}.0` : `${g[6].toString(16)}:${(g[7] & 0xff00).toString(16)}`;
    return `::ffff:${tail}${rest}`;
  }
  if (g[0] === 0x2002) g[2] &= 0xff00;
  const head = g.slice(0, 3).map((v) => v.toString(16));
  while (head.length && head.at(-1) === "0" && !/^:\d/.test(rest)) head.pop();
  const cut = /^:\d/.test(rest) ? [...head, 0, 0, 0, 0, 0].join(":") : head.join(":") + "::";
  return (all.includes("%") ? cut.replaceAll(":", all.match(/%3a/i)[0]) : cut) + rest;
}

function line(text) {
  return text
    .replace(reverse4, "0").replace(reverse6, (m) => m.replace(/[0-9a-f]/gi, "0"))
    .replace(six, cutSix).replace(four, cutFour)
    .replace(host, (all, a, s, mid, d) => ([a, ...mid.split(s), d].every((n) => Number(n) < 256) && !(/^\d\d.\d\d.\d\d.\d\d$/.test(all) && /(^|\D)0/.test(all)) ? `0${s}${mid}${s}0` : all));
}

let left = "";
for await (const piece of createReadStream("/dev/stdin", { encoding: "latin1", highWaterMark: 1 << 20 })) {
  const lines = (left + piece).split("\n");
  left = lines.pop();
  write(lines.map((one) => line(one) + "\n").join(""));
}
write(left && line(left));

function write(text) {
  for (let bytes = Buffer.from(text, "latin1"); bytes.length > 0;) bytes = bytes.subarray(writeSync(1, bytes));
}
