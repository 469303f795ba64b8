// Everything that the core and the page say to each other, as Rust writes it. Made by `cargo test -p waxseal-web` (WAXSEAL_SAMPLES=write
// makes it anew), never by hand: where it does not fit contract.ts, one of the two halves has drifted.
import type { Command, Event, Line, Looks, Notice } from "../bridge/contract";

export const commands = [
  {"deviceName":"laptop","do":"register","invite":"","name":"alice"},
  {"do":"forgetClaim"},
  {"do":"offerLink"},
  {"code":"waxseal-link","deviceName":"laptop","do":"acceptLink"},
  {"device":"03030303030303030303030303030303","do":"removeDevice"},
  {"do":"openDirect","name":"alice"},
  {"do":"createGroup","members":["alice"],"title":"reading"},
  {"chat":"01010101010101010101010101010101","do":"send","replyTo":null,"text":"hello"},
  {"chat":"01010101010101010101010101010101","do":"send","replyTo":7,"text":"hello"},
  {"chat":"01010101010101010101010101010101","do":"react","emoji":"👍","message":7},
  {"chat":"01010101010101010101010101010101","do":"edit","message":7,"text":"hello"},
  {"chat":"01010101010101010101010101010101","do":"delete","message":7},
  {"do":"keepDraft","draft":{"chat":"01010101010101010101010101010101","replyTo":null,"text":"hello"}},
  {"do":"retry","message":7},
  {"do":"discard","message":7},
  {"chat":"01010101010101010101010101010101","do":"markRead"},
  {"chat":"01010101010101010101010101010101","do":"markReadUpto","message":7},
  {"chat":"01010101010101010101010101010101","do":"addMembers","members":["alice"]},
  {"account":"0202020202020202020202020202020202020202020202020202020202020202","chat":"01010101010101010101010101010101","do":"removeMember"},
  {"account":"0202020202020202020202020202020202020202020202020202020202020202","admin":true,"chat":"01010101010101010101010101010101","do":"setAdmin"},
  {"chat":"01010101010101010101010101010101","do":"rename","title":"reading"},
  {"chat":"01010101010101010101010101010101","do":"leave"},
  {"chat":"01010101010101010101010101010101","do":"acceptRequest"},
  {"chat":"01010101010101010101010101010101","do":"declineRequest"},
  {"account":"0202020202020202020202020202020202020202020202020202020202020202","do":"block"},
  {"account":"0202020202020202020202020202020202020202020202020202020202020202","do":"unblock"},
  {"account":"0202020202020202020202020202020202020202020202020202020202020202","do":"markVerified","verified":true},
  {"do":"lookUp","name":"alice"},
  {"chat":"01010101010101010101010101010101","do":"refresh"},
  {"do":"setDisplayName","name":"Alice"},
  {"do":"setDeliveredReceipts","on":true},
  {"do":"setReadReceipts","on":false},
  {"do":"setRequireVerification","on":true},
  {"account":"0202020202020202020202020202020202020202020202020202020202020202","do":"goOn"},
  {"do":"acceptIdentity","name":"alice"},
  {"do":"setWitnesses","keys":["witness.example+12ab34cd+BA"],"need":1},
  {"do":"askWitnesses"},
  {"chat":"01010101010101010101010101010101","do":"forget"},
  {"do":"closeAccount"},
] satisfies Command[];

export const events = [
  {"account":"0202020202020202020202020202020202020202020202020202020202020202","event":"registered","name":"alice"},
  {"event":"registerFailed","fault":{"code":"taken","text":"taken"}},
  {"code":"waxseal-link","event":"linkCode"},
  {"event":"deviceAdded","name":"laptop"},
  {"event":"deviceNamed","name":"laptop"},
  {"event":"linkFailed","fault":{"code":"expired","text":"the code has run out; show a new one on the other device"}},
  {"chat":"01010101010101010101010101010101","event":"chatOpened"},
  {"event":"chatMoved","from":"01010101010101010101010101010101","to":"01010101010101010101010101010101"},
  {"event":"noSuchAccount","name":"alice"},
  {"account":"0202020202020202020202020202020202020202020202020202020202020202","event":"accountKnown","name":"alice"},
  {"event":"witnesses"},
  {"chat":"01010101010101010101010101010101","event":"chatChanged"},
  {"chat":"01010101010101010101010101010101","event":"requested"},
  {"chat":"01010101010101010101010101010101","event":"received","message":7},
  {"chat":"01010101010101010101010101010101","event":"messageChanged","message":7},
  {"chat":"01010101010101010101010101010101","done":1,"event":"progress","total":2,"work":"adding"},
  {"chat":"01010101010101010101010101010101","done":1,"event":"progress","total":2,"work":"joining"},
  {"chat":"01010101010101010101010101010101","event":"failed","fault":{"code":"notAdmin","text":"only an admin of the group can do this; ask one of them"},"ofTheDevice":false},
  {"chat":null,"event":"failed","fault":{"code":"copied","text":"this profile is an older copy of itself: another copy went on after it was made. What was said meanwhile may be missing here. Never use both: `waxseal link` adds a second device, and `waxseal devices` removes one that is not yours"},"ofTheDevice":true},
  {"event":"signedOut"},
  {"event":"accountClosed"},
] satisfies Event[];

export const asks = {
  "accountByName": {"name":"alice"},
  "blocked": {},
  "chat": {"chat":"01010101010101010101010101010101"},
  "chats": {},
  "connection": {},
  "devices": {},
  "directory": {},
  "drafts": {},
  "firstUnread": {"chat":"01010101010101010101010101010101"},
  "isLinking": {},
  "me": {},
  "members": {"chat":"01010101010101010101010101010101"},
  "message": {"message":7},
  "messages": {"before":7,"chat":"01010101010101010101010101010101","limit":50},
  "messagesAfter": {"after":7,"chat":"01010101010101010101010101010101","limit":50},
  "safetyNumber": {"account":"0202020202020202020202020202020202020202020202020202020202020202"},
  "search": {"chat":null,"limit":50,"words":"hello"},
  "settings": {},
} satisfies { [What in keyof Looks]: Looks[What]["ask"] };

export const answers = {
  "accountByName": ["0202020202020202020202020202020202020202020202020202020202020202",null],
  "blocked": [[{"account":"0202020202020202020202020202020202020202020202020202020202020202","name":"alice"}]],
  "chat": [{"active":1795000000000,"chat":"01010101010101010101010101010101","direct":false,"displayName":null,"held":[],"last":null,"members":2,"peer":null,"state":"left","title":"alice","unread":1},null],
  "chats": [[{"active":1795000000000,"chat":"01010101010101010101010101010101","direct":false,"displayName":null,"held":[],"last":null,"members":2,"peer":null,"state":"opening","title":"alice","unread":1},{"active":1795000000000,"chat":"01010101010101010101010101010101","direct":false,"displayName":null,"held":[],"last":null,"members":2,"peer":null,"state":"requested","title":"alice","unread":1},{"active":1795000000000,"chat":"01010101010101010101010101010101","direct":true,"displayName":"Alice","held":[{"account":"0202020202020202020202020202020202020202020202020202020202020202","name":"(02020202)"}],"last":{"at":1795000000000,"chat":"01010101010101010101010101010101","edited":false,"line":{"kind":"gap"},"message":7,"own":false,"reactions":[],"replyTo":null,"sender":null,"senderDisplay":null,"senderName":"alice","state":"received"},"members":2,"peer":"0202020202020202020202020202020202020202020202020202020202020202","state":"open","title":"alice","unread":1},{"active":1795000000000,"chat":"01010101010101010101010101010101","direct":false,"displayName":null,"held":[],"last":null,"members":2,"peer":null,"state":"healing","title":"alice","unread":1},{"active":1795000000000,"chat":"01010101010101010101010101010101","direct":false,"displayName":null,"held":[],"last":null,"members":2,"peer":null,"state":"leaving","title":"alice","unread":1},{"active":1795000000000,"chat":"01010101010101010101010101010101","direct":false,"displayName":null,"held":[],"last":null,"members":2,"peer":null,"state":"left","title":"alice","unread":1}]],
  "connection": [{"caughtUp":false,"receiving":true,"sending":true,"waiting":3}],
  "devices": [[{"added":1795000000000,"device":"03030303030303030303030303030303","name":null,"this":true}]],
  "directory": [{"epochs":12,"evidence":0,"origin":"waxseal/01010101010101010101010101010101","signed":1795000000000,"versions":2,"watched":1795000000000,"witnesses":{"have":1,"holds":true,"keys":[{"at":1795000000000,"key":"witness.example+12ab34cd+BA","name":"witness.example"},{"at":null,"key":"witness.example+12ab34cd+BA","name":"witness.example"}],"listed":["witness.example+12ab34cd+BA"],"need":1}},{"epochs":12,"evidence":0,"origin":"waxseal/01010101010101010101010101010101","signed":1795000000000,"versions":2,"watched":1795000000000,"witnesses":{"have":0,"holds":false,"keys":[{"at":null,"key":"witness.example+12ab34cd+BA","name":"witness.example"}],"listed":[],"need":1}},null],
  "drafts": [[{"chat":"01010101010101010101010101010101","replyTo":7,"text":"so far"}]],
  "firstUnread": [7,null],
  "isLinking": [true],
  "me": [{"account":"0202020202020202020202020202020202020202020202020202020202020202","device":"03030303030303030303030303030303","deviceName":"laptop","displayName":null,"name":"alice","registered":true},{"account":"0202020202020202020202020202020202020202020202020202020202020202","device":"03030303030303030303030303030303","deviceName":"laptop","displayName":"Alice","name":"alice","registered":true},null],
  "members": [[{"account":"0202020202020202020202020202020202020202020202020202020202020202","admin":true,"devices":1,"displayName":null,"name":"alice","own":false,"verified":false}]],
  "message": [{"at":1795000000000,"chat":"01010101010101010101010101010101","edited":false,"line":{"kind":"text","text":"hello"},"message":7,"own":false,"reactions":[{"account":"0202020202020202020202020202020202020202020202020202020202020202","emoji":"👍","name":"(02020202)"}],"replyTo":6,"sender":"0202020202020202020202020202020202020202020202020202020202020202","senderDisplay":"Alice","senderName":"alice","state":"failed"},null],
  "messages": [[{"at":1795000000000,"chat":"01010101010101010101010101010101","edited":false,"line":{"kind":"text","text":"hello"},"message":7,"own":false,"reactions":[{"account":"0202020202020202020202020202020202020202020202020202020202020202","emoji":"👍","name":"(02020202)"}],"replyTo":6,"sender":"0202020202020202020202020202020202020202020202020202020202020202","senderDisplay":"Alice","senderName":"alice","state":"received"},{"at":1795000000000,"chat":"01010101010101010101010101010101","edited":false,"line":{"kind":"deleted"},"message":7,"own":false,"reactions":[],"replyTo":null,"sender":null,"senderDisplay":null,"senderName":"alice","state":"received"},{"at":1795000000000,"chat":"01010101010101010101010101010101","edited":false,"line":{"kind":"unknown","what":"a poll"},"message":7,"own":false,"reactions":[],"replyTo":null,"sender":null,"senderDisplay":null,"senderName":"alice","state":"received"},{"at":1795000000000,"chat":"01010101010101010101010101010101","edited":false,"line":{"kind":"gap"},"message":7,"own":false,"reactions":[],"replyTo":null,"sender":null,"senderDisplay":null,"senderName":"alice","state":"received"},{"at":1795000000000,"chat":"01010101010101010101010101010101","edited":false,"line":{"kind":"notice","notice":{"what":"created"}},"message":7,"own":false,"reactions":[],"replyTo":null,"sender":null,"senderDisplay":null,"senderName":"alice","state":"received"},{"at":1795000000000,"chat":"01010101010101010101010101010101","edited":false,"line":{"kind":"notice","notice":{"what":"joined"}},"message":7,"own":false,"reactions":[],"replyTo":null,"sender":null,"senderDisplay":null,"senderName":"alice","state":"received"},{"at":1795000000000,"chat":"01010101010101010101010101010101","edited":false,"line":{"kind":"notice","notice":{"what":"added","who":[{"account":"0202020202020202020202020202020202020202020202020202020202020202","name":"(02020202)"}]}},"message":7,"own":false,"reactions":[],"replyTo":null,"sender":null,"senderDisplay":null,"senderName":"alice","state":"received"},{"at":1795000000000,"chat":"01010101010101010101010101010101","edited":false,"line":{"kind":"notice","notice":{"what":"removed","who":[]}},"message":7,"own":false,"reactions":[],"replyTo":null,"sender":null,"senderDisplay":null,"senderName":"alice","state":"received"},{"at":1795000000000,"chat":"01010101010101010101010101010101","edited":false,"line":{"kind":"notice","notice":{"what":"left","who":{"account":"0202020202020202020202020202020202020202020202020202020202020202","name":"(02020202)"}}},"message":7,"own":false,"reactions":[],"replyTo":null,"sender":null,"senderDisplay":null,"senderName":"alice","state":"received"},{"at":1795000000000,"chat":"01010101010101010101010101010101","edited":false,"line":{"kind":"notice","notice":{"title":"reading","what":"renamed"}},"message":7,"own":false,"reactions":[],"replyTo":null,"sender":null,"senderDisplay":null,"senderName":"alice","state":"received"},{"at":1795000000000,"chat":"01010101010101010101010101010101","edited":false,"line":{"kind":"notice","notice":{"admin":true,"what":"admin","who":{"account":"0202020202020202020202020202020202020202020202020202020202020202","name":"(02020202)"}}},"message":7,"own":false,"reactions":[],"replyTo":null,"sender":null,"senderDisplay":null,"senderName":"alice","state":"received"},{"at":1795000000000,"chat":"01010101010101010101010101010101","edited":false,"line":{"kind":"notice","notice":{"devices":[{"at":1795000000000,"name":"Laptop"},{"at":1795000000000,"name":null}],"what":"deviceAdded","who":{"account":"0202020202020202020202020202020202020202020202020202020202020202","name":"(02020202)"}}},"message":7,"own":false,"reactions":[],"replyTo":null,"sender":null,"senderDisplay":null,"senderName":"alice","state":"received"},{"at":1795000000000,"chat":"01010101010101010101010101010101","edited":false,"line":{"kind":"notice","notice":{"devices":[],"what":"deviceRemoved","who":{"account":"0202020202020202020202020202020202020202020202020202020202020202","name":"(02020202)"}}},"message":7,"own":false,"reactions":[],"replyTo":null,"sender":null,"senderDisplay":null,"senderName":"alice","state":"received"},{"at":1795000000000,"chat":"01010101010101010101010101010101","edited":false,"line":{"kind":"notice","notice":{"what":"identityChanged","who":{"account":"0202020202020202020202020202020202020202020202020202020202020202","name":"(02020202)"}}},"message":7,"own":false,"reactions":[],"replyTo":null,"sender":null,"senderDisplay":null,"senderName":"alice","state":"received"},{"at":1795000000000,"chat":"01010101010101010101010101010101","edited":false,"line":{"kind":"notice","notice":{"what":"refounded"}},"message":7,"own":false,"reactions":[],"replyTo":null,"sender":null,"senderDisplay":null,"senderName":"alice","state":"received"},{"at":1795000000000,"chat":"01010101010101010101010101010101","edited":false,"line":{"kind":"notice","notice":{"what":"nobody"}},"message":7,"own":false,"reactions":[],"replyTo":null,"sender":null,"senderDisplay":null,"senderName":"alice","state":"received"},{"at":1795000000000,"chat":"01010101010101010101010101010101","edited":false,"line":{"kind":"text","text":"hello"},"message":7,"own":false,"reactions":[{"account":"0202020202020202020202020202020202020202020202020202020202020202","emoji":"👍","name":"(02020202)"}],"replyTo":6,"sender":"0202020202020202020202020202020202020202020202020202020202020202","senderDisplay":"Alice","senderName":"alice","state":"received"},{"at":1795000000000,"chat":"01010101010101010101010101010101","edited":false,"line":{"kind":"text","text":"hello"},"message":7,"own":false,"reactions":[{"account":"0202020202020202020202020202020202020202020202020202020202020202","emoji":"👍","name":"(02020202)"}],"replyTo":6,"sender":"0202020202020202020202020202020202020202020202020202020202020202","senderDisplay":"Alice","senderName":"alice","state":"pending"},{"at":1795000000000,"chat":"01010101010101010101010101010101","edited":false,"line":{"kind":"text","text":"hello"},"message":7,"own":false,"reactions":[{"account":"0202020202020202020202020202020202020202020202020202020202020202","emoji":"👍","name":"(02020202)"}],"replyTo":6,"sender":"0202020202020202020202020202020202020202020202020202020202020202","senderDisplay":"Alice","senderName":"alice","state":"sent"},{"at":1795000000000,"chat":"01010101010101010101010101010101","edited":false,"line":{"kind":"text","text":"hello"},"message":7,"own":false,"reactions":[{"account":"0202020202020202020202020202020202020202020202020202020202020202","emoji":"👍","name":"(02020202)"}],"replyTo":6,"sender":"0202020202020202020202020202020202020202020202020202020202020202","senderDisplay":"Alice","senderName":"alice","state":"delivered"},{"at":1795000000000,"chat":"01010101010101010101010101010101","edited":false,"line":{"kind":"text","text":"hello"},"message":7,"own":false,"reactions":[{"account":"0202020202020202020202020202020202020202020202020202020202020202","emoji":"👍","name":"(02020202)"}],"replyTo":6,"sender":"0202020202020202020202020202020202020202020202020202020202020202","senderDisplay":"Alice","senderName":"alice","state":"read"},{"at":1795000000000,"chat":"01010101010101010101010101010101","edited":false,"line":{"kind":"text","text":"hello"},"message":7,"own":false,"reactions":[{"account":"0202020202020202020202020202020202020202020202020202020202020202","emoji":"👍","name":"(02020202)"}],"replyTo":6,"sender":"0202020202020202020202020202020202020202020202020202020202020202","senderDisplay":"Alice","senderName":"alice","state":"failed"}]],
  "messagesAfter": [[{"at":1795000000000,"chat":"01010101010101010101010101010101","edited":false,"line":{"kind":"text","text":"hello"},"message":7,"own":false,"reactions":[{"account":"0202020202020202020202020202020202020202020202020202020202020202","emoji":"👍","name":"(02020202)"}],"replyTo":6,"sender":"0202020202020202020202020202020202020202020202020202020202020202","senderDisplay":"Alice","senderName":"alice","state":"failed"}]],
  "safetyNumber": [{"digits":"000000000000000000000000000000000000000000000000000000000000","verified":false},null],
  "search": [[{"at":1795000000000,"chat":"01010101010101010101010101010101","edited":false,"line":{"kind":"text","text":"hello"},"message":7,"own":false,"reactions":[{"account":"0202020202020202020202020202020202020202020202020202020202020202","emoji":"👍","name":"(02020202)"}],"replyTo":6,"sender":"0202020202020202020202020202020202020202020202020202020202020202","senderDisplay":"Alice","senderName":"alice","state":"failed"}]],
  "settings": [{"deliveredReceipts":true,"readReceipts":false,"requireVerification":false}],
} satisfies { [What in keyof Looks]: Looks[What]["answer"][] };

// And nothing is in the contract that Rust does not say.
type Said = (typeof answers.messages)[number][number]["line"];
type Unsaid =
  | Exclude<Command["do"], (typeof commands)[number]["do"]>
  | Exclude<Event["event"], (typeof events)[number]["event"]>
  | Exclude<Line["kind"], Said["kind"]>
  | Exclude<Notice["what"], Extract<Said, { kind: "notice" }>["notice"]["what"]>;
export const nothingIsUnsaid: [Unsaid] extends [never] ? true : never = true;
