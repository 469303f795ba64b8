// A small set of emoji with the words they are found by. English, then German; enough for talk, light to load.

export type Emoji = { emoji: string; words: string };

/** What a reaction offers at once. */
export const quick = ["👍", "❤️", "😂", "😮", "😢", "🙏"];

const rows = `
😀 grin happy lachen froh
😄 laugh smile lachen
😂 tears joy funny tränen lustig
🙂 smile lächeln
😉 wink zwinkern
😊 blush warm erröten
😍 love eyes verliebt
🥰 love hearts verliebt
😘 kiss kuss
😜 joke tongue zunge spaß
🤔 think hmm nachdenken
🤨 doubt brow zweifel
😐 neutral meh
😏 smirk grinsen
😴 sleep schlafen müde
😷 ill mask krank
🤒 ill fever krank fieber
🥳 party feiern
😎 cool sun
🤓 nerd books
😮 wow surprised staunen
😳 embarrassed rot peinlich
🥺 please bitte
😢 sad cry traurig weinen
😭 sob cry weinen
😱 scream fear angst schrei
😡 angry wütend
🤯 mind blown baff
🤗 hug umarmen
🤫 quiet secret leise geheim
🙄 eyes roll genervt
😬 awkward grimasse
🤝 handshake deal abgemacht
👍 yes good thumbs ja gut daumen
👎 no bad nein schlecht
👌 ok perfect
✌️ peace victory frieden
🤞 luck fingers glück daumen
👋 hello wave hallo winken
👏 clap applause bravo
🙌 hooray hurra
🙏 thanks please danke bitte
💪 strong stark
👀 look eyes schauen
🧠 brain hirn
❤️ love heart herz liebe
🧡 heart orange herz
💛 heart yellow herz
💚 heart green herz
💙 heart blue herz
💜 heart purple herz
🖤 heart black herz
💔 broken heart herz
💯 hundred full ganz
✨ sparkle shine glanz
🔥 fire hot feuer
⭐ star stern
🎉 party feier glückwunsch
🎂 cake birthday kuchen geburtstag
🎁 gift geschenk
🎵 music musik
📷 photo foto
📞 phone call anruf
💻 computer laptop
🔒 lock sealed schloss
🔑 key schlüssel
✉️ letter brief
📌 pin nadel
📎 clip anhang
📅 date calendar termin kalender
⏰ alarm time wecker zeit
⏳ wait warten
✅ done check fertig erledigt
❌ no cross nein falsch
❓ question frage
❗ important wichtig
💡 idea idee
🚀 rocket start rakete
🏠 home haus zuhause
🏥 hospital clinic krankenhaus
🏢 office büro
✈️ plane travel flug reise
🚆 train zug bahn
🚗 car auto
🚲 bike fahrrad
☕ coffee kaffee
🍵 tea tee
🍺 beer bier
🍷 wine wein
🍕 pizza
🍞 bread brot
🍎 apple apfel
🥗 salad salat
🍫 chocolate schokolade
🌞 sun sonne
🌧️ rain regen
❄️ snow schnee
🌈 rainbow regenbogen
🌍 world welt
🌱 plant pflanze
🌹 rose
🌻 flower blume
🐶 dog hund
🐱 cat katze
🐦 bird vogel
🐝 bee biene
🦊 fox fuchs
🐢 turtle slow schildkröte
⚽ football fußball
🏃 run laufen
🎮 game spiel
📚 books bücher
🎬 film kino
🩺 doctor arzt
💊 pill tablette
`;

export const emoji: Emoji[] = rows
  .trim()
  .split("\n")
  .map((row) => ({ emoji: row.slice(0, row.indexOf(" ")), words: row.slice(row.indexOf(" ") + 1) }));

/** Those whose words begin with what is typed. */
export function find(typed: string): Emoji[] {
  const wanted = typed.trim().toLocaleLowerCase();
  if (wanted === "") return emoji;
  return emoji.filter((one) => one.emoji === wanted || one.words.split(" ").some((word) => word.startsWith(wanted)));
}
