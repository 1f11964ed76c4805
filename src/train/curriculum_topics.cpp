// The topics that training and the gates talk about, as data.
#include "train/curriculum_lexicon.h"

namespace fulcrum {
namespace {

struct TopicRow {
  Pool pool;
  const char *name, *nouns, *verbs, *adjectives;
};

constexpr Pool kT = Pool::training, kH = Pool::held_out;

// Ten to fourteen nouns, seven to nine verbs (base form, take an object) and six adjectives a topic.
constexpr TopicRow kTopics[] = {
    {kT, "cooking", "pan soup knife oven onion rice sauce recipe pot dough pepper stew spoon",
     "boil fry stir bake chop taste serve roast", "salty fresh burnt spicy raw tasty"},
    {kT, "sport", "ball goal team match coach race stadium referee score trophy runner league",
     "kick throw catch win train defend score lose", "fast fit strong tired famous unbeaten"},
    {kT, "weather", "rain storm wind cloud snow sun fog thunder frost forecast flood sky",
     "forecast predict watch measure expect fear", "wet cold windy sunny cloudy stormy"},
    {kT, "travel", "ticket suitcase hotel passport map tour beach guide visa luggage island holiday",
     "visit pack explore book leave cross reach", "foreign distant sandy crowded scenic remote"},
    {kT, "trains", "train station platform rail carriage conductor timetable tunnel engine seat track",
     "board miss ride catch stop delay", "late punctual express direct packed slow"},
    {kT, "health", "doctor nurse pill fever cough clinic wound bandage medicine tooth blood patient",
     "heal treat examine cure swallow rest", "sick healthy painful swollen weak dizzy"},
    {kT, "gardening", "flower seed soil spade hedge rose lawn weed bulb greenhouse tomato compost",
     "plant water dig prune grow harvest trim", "green leafy muddy blooming wild dry"},
    {kT, "music", "guitar piano song drum concert violin singer choir melody band trumpet rhythm",
     "play sing compose tune record perform hum", "loud quiet melodic catchy slow gentle"},
    {kT, "school", "teacher pupil lesson homework exam classroom pencil notebook grade blackboard library",
     "learn teach study read solve spell", "clever strict lazy curious difficult boring"},
    {kT, "animals", "dog cat horse rabbit cow sheep bird fox mouse goat duck puppy",
     "feed pet walk groom chase tame", "furry hungry playful fierce tiny shy"},
    {kT, "clothing", "shirt coat scarf shoe sock dress button sleeve hat glove jacket belt",
     "wear sew fold wash iron mend", "woollen tight loose striped torn warm"},
    {kT, "building", "brick wall roof hammer cement ladder beam plank nail window crane concrete",
     "build paint drill repair measure lift", "solid wooden crooked sturdy cracked tall"},
    {kT, "money", "coin bank loan salary wallet tax debt savings cash budget cheque interest",
     "pay save spend lend borrow earn owe", "rich poor cheap costly broke generous"},
    {kT, "shopping", "shop market basket counter discount bag shelf bargain purchase sale store",
     "buy sell choose exchange try carry", "expensive popular new spare stylish reduced"},
    {kT, "post", "letter parcel stamp envelope postman address postcard package mailbox courier",
     "send deliver post open receive seal", "lost urgent sealed heavy registered empty"},
    {kT, "computers",
     "computer keyboard screen file program mouse printer folder disk cable network software",
     "type install download save delete print update", "digital slow broken modern wireless locked"},
    {kT, "phones", "phone call message ringtone charger battery number contact signal voice",
     "dial ring answer text charge mute", "busy silent mobile flat portable missed"},
    {kT, "fishing", "fish net hook river boat bait rod lake trout salmon anchor",
     "catch row cast reel release clean", "slippery deep calm shallow silver fresh"},
    {kT, "farming", "farm tractor wheat barn field crop hay plough farmer corn orchard",
     "plough sow reap milk fence load", "ripe fertile rural dusty golden early"},
    {kT, "space", "planet rocket moon star astronaut orbit comet telescope galaxy satellite crater",
     "launch orbit observe explore land discover", "distant bright lunar weightless dark vast"},
    {kT, "history", "king queen castle war army ruin empire knight crown battle treaty throne",
     "conquer rule defend crown betray free", "ancient royal old noble brave medieval"},
    {kT, "painting", "brush canvas portrait gallery colour sketch artist palette frame easel mural",
     "paint draw sketch frame exhibit shade", "colourful abstract bright faded detailed modern"},
    {kT, "cars", "car wheel brake driver road garage fuel motor tyre bumper traffic lorry",
     "drive park steer brake overtake tow", "rusty fast parked electric reckless noisy"},
    {kT, "cycling", "bicycle pedal helmet saddle chain cyclist lane bell handlebar gear",
     "pedal ride lock pump oil brake", "steep bumpy light narrow quick flat"},
    {kT, "swimming", "pool swimmer towel wave goggles diver lifeguard shore float lane",
     "swim dive float splash rescue race", "deep wet chilly salty wavy blue"},
    {kT, "sleep", "bed pillow dream blanket night alarm nap mattress pyjamas bedroom lullaby",
     "sleep wake dream snore rest yawn", "sleepy soft cosy restless quiet dark"},
    {kT, "reading", "book novel page author chapter story poem cover shelf writer paragraph tale",
     "read write borrow publish finish translate", "thrilling long printed clever sad gripping"},
    {kT, "cleaning", "broom soap bucket dust sponge mop stain floor vacuum bin rag",
     "sweep scrub wipe polish rinse tidy", "dirty clean spotless greasy sticky shiny"},
    {kT, "baking", "bread cake flour yeast butter oven cookie pie icing loaf crust sugar",
     "knead bake mix frost slice whisk", "sweet crispy golden fluffy buttery stale"},
    {kT, "parties", "party guest balloon gift candle cake host music dance invitation costume",
     "celebrate invite dance toast decorate wrap", "merry noisy festive surprise joyful fancy"},
    {kT, "family", "mother father sister brother uncle aunt cousin baby grandmother twin nephew",
     "hug raise marry visit adopt comfort", "loving young proud caring elder dear"},
    {kT, "work", "office boss meeting desk job contract colleague project report manager team",
     "hire manage plan sign finish discuss", "busy paid skilled important formal tired"},
    {kT, "law", "judge court lawyer trial witness crime jury sentence prison thief verdict",
     "accuse arrest judge steal defend appeal", "guilty innocent legal strict fair unlawful"},
    {kT, "games", "chess dice card puzzle board player token king turn riddle domino",
     "play shuffle roll solve guess beat", "tricky fun lucky clever quick fair"},
    {kT, "sailing", "ship sail captain harbour mast sailor deck anchor storm rope voyage",
     "sail steer anchor dock row hoist", "windy seaworthy rough calm long wooden"},
    {kT, "mining", "mine gold coal shaft miner gem pickaxe diamond tunnel ore copper",
     "dig mine extract blast sift carve", "deep dark precious dusty rich narrow"},
    {kT, "camping", "tent campfire forest backpack trail torch lantern mountain hiker stove valley",
     "camp hike climb pitch light explore", "wild muddy starry steep smoky outdoor"},
    {kT, "flying", "plane airport pilot wing runway flight cabin parachute cloud propeller",
     "fly land board taxi pilot delay", "high airborne delayed smooth bumpy long"},
    {kT, "insects", "bee ant spider butterfly beetle wasp honey web nest moth caterpillar",
     "sting buzz crawl swarm bite spin", "tiny winged busy poisonous striped harmless"},
    {kT, "drinks", "coffee tea juice milk lemonade cup glass bottle water cocoa kettle",
     "drink pour sip brew stir fill", "hot cold sweet bitter fizzy thirsty"},
    {kT, "theatre", "actor stage play curtain audience scene costume applause script mask director",
     "act rehearse perform clap stage direct", "dramatic comic tragic nervous brilliant full"},
    {kT, "science", "experiment laboratory microscope theory atom chemical scientist formula sample test",
     "test prove measure analyse observe mix", "exact scientific chemical careful unknown precise"},
    {kH, "winter sport", "ski sledge skate slope rink snowboard lodge avalanche chairlift goggles",
     "ski skate glide sledge wax race", "icy snowy frozen steep powdery bracing"},
    {kH, "jewellery", "ring necklace bracelet pearl brooch earring pendant clasp ruby goldsmith",
     "wear engrave polish clasp set admire", "golden sparkling delicate antique precious silver"},
    {kH, "pottery", "clay kiln vase glaze bowl potter wheel jug tile ceramic",
     "glaze fire mould shape spin smash", "glazed fragile round earthen smooth chipped"},
    {kH, "dentistry", "dentist filling crown gum toothbrush braces molar drill cavity denture",
     "fill floss extract brush drill straighten", "sore white loose numb crooked decayed"},
    {kH, "photography", "camera lens photo tripod shutter negative flash album darkroom film",
     "snap focus develop crop pose zoom", "blurred sharp grainy glossy portrait dim"},
    {kH, "bees", "hive beekeeper honeycomb pollen swarm queen nectar smoker wax drone",
     "keep swarm gather smoke hive pollinate", "waxy humming golden sticky angry sweet"},
};

std::vector<Topic> load_topics(Pool pool) {
  std::vector<Topic> result;
  for (const TopicRow& row : kTopics) {
    if (row.pool != pool) continue;
    result.push_back({row.name, split_words(row.nouns), split_words(row.verbs), split_words(row.adjectives)});
  }
  return result;
}

}  // namespace

std::span<const Topic> topics(Pool pool) {
  static const std::vector<Topic> training = load_topics(Pool::training),
                                  held_out = load_topics(Pool::held_out);
  return pool == Pool::training ? training : held_out;
}

}  // namespace fulcrum
