"""Google Text-to-Speech (gRPC): raw PCM at 24 kHz.

Chirp 3 HD and Gemini voices stream. The older families (Neural2, WaveNet, Studio …) come in one piece, and are spoken
by where an agent's voice is one of theirs by its full name ("en-US-Neural2-A"). Google times no words.
Source: google-cloud-texttospeech 2.38, cloud.google.com/text-to-speech/docs ("Chirp 3: HD voices", "Quotas & limits").
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, contextmanager
from typing import TYPE_CHECKING, Any

from parley.inference.errors import (
    ProviderCut,
    ProviderKeyRejected,
    ProviderRefused,
    ProviderStalled,
    ProviderUnavailable,
)
from parley.inference.speech import SpeakerCapabilities, Speech, Voice
from parley.kit.audio import BadAudio, wav_head
from parley.providers._google import VENDOR, credentials, translated
from parley.providers._socket import Patience
from parley.providers._spelling import Spelling
from parley.providers._voices import KnownVoice, nearest

if TYPE_CHECKING:
    from google.cloud.texttospeech_v1 import TextToSpeechAsyncClient

CHIRP = "chirp3-hd"
MODELS = (CHIRP, "gemini-2.5-flash-tts", "gemini-2.5-pro-tts")
RATE = 24_000
_LOST = "from Core"  # what gRPC says of a call whose status it could not read
_PAUSE_S = 0.05
_MOST_BYTES = 5000  # of text in one request
_WOMEN = (
    "Kore Aoede Leda Zephyr Achernar Autonoe Callirrhoe Despina Erinome Gacrux Laomedeia Pulcherrima Sulafat "
    "Vindemiatrix"
)
_MEN = (
    "Charon Puck Fenrir Orus Achird Algenib Algieba Alnilam Enceladus Iapetus Rasalgethi Sadachbia Sadaltager Schedar "
    "Umbriel Zubenelgenubi"
)
VOICES = (
    *(KnownVoice(name, name, "f") for name in _WOMEN.split()),
    *(KnownVoice(name, name, "m") for name in _MEN.split()),
)
_STARS = {voice.id.casefold(): voice for voice in VOICES}
_FULL_NAME = re.compile(r"([a-z]{2,3})-([A-Z]{2})-([A-Z][A-Za-z0-9]*)-(?:HD-)?([A-Za-z0-9]+)", re.ASCII)
_REGIONS = {
    "ar": "ar-XA", "bn": "bn-IN", "cs": "cs-CZ", "da": "da-DK", "el": "el-GR", "en": "en-US", "et": "et-EE",
    "gu": "gu-IN", "he": "he-IL", "hi": "hi-IN", "ja": "ja-JP", "kn": "kn-IN", "ko": "ko-KR", "ml": "ml-IN",
    "mr": "mr-IN", "nb": "nb-NO", "no": "nb-NO", "pa": "pa-IN", "pt": "pt-BR", "sl": "sl-SI", "sr": "sr-RS",
    "sv": "sv-SE", "sw": "sw-KE", "ta": "ta-IN", "te": "te-IN", "uk": "uk-UA", "ur": "ur-IN", "vi": "vi-VN",
    "zh": "cmn-CN",
}  # fmt: skip
_LANGUAGES = frozenset(_REGIONS) | frozenset("bg hr nl fi fr de hu id it lv lt pl ro ru sk es th tr".split())


class GoogleSpeech:
    """A `Speaker`. `model` is "chirp3-hd" or one of Gemini's. `base_url` names another server, without encryption."""

    def __init__(
        self,
        model: str = CHIRP,
        *,
        api_key: str,
        location: str = "global",
        base_url: str = "",
        patience: Patience | None = None,
    ) -> None:
        if not api_key.strip():
            raise ProviderKeyRejected(f"No API key is configured for {VENDOR}.", vendor=VENDOR)
        self._model = model
        self._key = api_key
        self._location = location
        self._base_url = base_url
        self._patience = patience or Patience()
        self._client: TextToSpeechAsyncClient | None = None
        self._missing: set[str] = set()  # voices by full name that Google does not know

    @property
    def name(self) -> str:
        """The catalog name."""
        return f"{VENDOR}/{self._model}"

    @property
    def capabilities(self) -> SpeakerCapabilities:
        """The languages of Chirp 3 HD."""
        return SpeakerCapabilities(_LANGUAGES)

    async def speak(self, text: str, voice: Voice) -> AsyncGenerator[Speech, None]:
        """See `Speaker.speak`. A full name that Google does not know is replaced by the nearest voice."""
        own = _own(voice) if self._model == CHIRP else None
        if own is not None and own not in self._missing:
            begun = False
            try:
                async with aclosing(self._pieces(text, voice, own)) as pieces:
                    async for piece in pieces:
                        begun = True
                        yield piece
                return
            except ProviderRefused:
                if begun:
                    raise
                self._missing.add(own)
        async with aclosing(self._pieces(text, voice, None)) as pieces:
            async for piece in pieces:
                yield piece

    async def aclose(self) -> None:
        """Close the channel."""
        client, self._client = self._client, None
        if client is not None:
            await client.transport.close()  # type: ignore[no-untyped-call]

    async def _pieces(self, text: str, voice: Voice, own: str | None) -> AsyncGenerator[Speech, None]:
        """The phrase by the voice `own`, or by the nearest of those that stream."""
        spelling = Spelling()
        streams = own is None or "-Chirp3-HD-" in own
        sound = self._streamed(text, voice, own) if streams else self._whole(text, voice, own or "")
        async with aclosing(sound) as chunks:
            async for chunk in chunks:
                if pcm := spelling.whole(chunk):
                    yield spelling.speech(pcm, RATE)
        if not spelling.spoken_ms:
            raise ProviderCut(f"{VENDOR} sent no speech.", vendor=VENDOR)

    async def _streamed(self, text: str, voice: Voice, own: str | None) -> AsyncGenerator[bytes, None]:
        from google.api_core.exceptions import InternalServerError

        begun = False
        try:
            async with aclosing(self._stream(text, voice, own, pause_s=0.0)) as sounds:
                async for sound in sounds:
                    begun = True
                    yield sound
        except ProviderUnavailable as error:
            lost = isinstance(error.__cause__, InternalServerError) and _LOST in str(error.__cause__)
            if begun or not lost:
                raise
            # A text that was on its way when the refusal came hides it: wait for the refusal before sending the text.
            async with aclosing(self._stream(text, voice, own, pause_s=_PAUSE_S)) as sounds:
                async for sound in sounds:
                    yield sound

    async def _stream(self, text: str, voice: Voice, own: str | None, *, pause_s: float) -> AsyncGenerator[bytes, None]:
        call: Any = None
        try:
            with _translating():
                async with asyncio.timeout(self._patience.stall_s):
                    requests = self._requests(text, voice, own, pause_s)
                    call = await self._connected().streaming_synthesize(requests=requests)
                answers = aiter(call)
                while True:
                    async with asyncio.timeout(self._patience.stall_s):
                        answer = await anext(answers, None)
                    if answer is None:
                        return
                    yield answer.audio_content
        finally:
            if call is not None:
                call.cancel()

    async def _whole(self, text: str, voice: Voice, own: str) -> AsyncGenerator[bytes, None]:
        from google.cloud import texttospeech_v1 as tts

        config = tts.AudioConfig(audio_encoding=tts.AudioEncoding.LINEAR16, sample_rate_hertz=RATE)
        if voice.speed != 1.0:
            config.speaking_rate = _rate(voice.speed)
        client = self._connected()
        for part in parts(text):
            request = tts.SynthesizeSpeechRequest(
                input=tts.SynthesisInput(text=part), voice=self._voice(voice, own), audio_config=config
            )
            with _translating():
                async with asyncio.timeout(self._patience.stall_s):
                    answer = await client.synthesize_speech(request=request)
                head = wav_head(answer.audio_content)
            yield answer.audio_content[head.start :] if head is not None else b""

    async def _requests(self, text: str, voice: Voice, own: str | None, pause_s: float) -> AsyncIterator[Any]:
        """The configuration, then the text; the end of sending asks for all that is still owed."""
        from google.cloud import texttospeech_v1 as tts

        sound = tts.StreamingAudioConfig(audio_encoding=tts.AudioEncoding.PCM, sample_rate_hertz=RATE)
        if voice.speed != 1.0:
            sound.speaking_rate = _rate(voice.speed)
        config = tts.StreamingSynthesizeConfig(voice=self._voice(voice, own), streaming_audio_config=sound)
        yield tts.StreamingSynthesizeRequest(streaming_config=config)
        await asyncio.sleep(pause_s)
        for part in parts(text):
            yield tts.StreamingSynthesizeRequest(input=tts.StreamingSynthesisInput(text=part))

    def _voice(self, voice: Voice, own: str | None) -> Any:
        from google.cloud import texttospeech_v1 as tts

        if own is not None:
            return tts.VoiceSelectionParams(language_code="-".join(own.split("-")[:2]), name=own)
        star, place = _star(voice.name, voice.language), _locale(voice)
        if self._model == CHIRP:
            return tts.VoiceSelectionParams(language_code=place, name=f"{place}-Chirp3-HD-{star}")
        return tts.VoiceSelectionParams(language_code=place, name=star, model_name=self._model)

    def _connected(self) -> TextToSpeechAsyncClient:
        """The client: made once, its channel stays warm."""
        if self._client is None:
            self._client = self._connect()
        return self._client

    def _connect(self) -> TextToSpeechAsyncClient:
        from google.api_core.client_options import ClientOptions
        from google.cloud.texttospeech_v1 import TextToSpeechAsyncClient
        from google.cloud.texttospeech_v1.services.text_to_speech.transports import TextToSpeechGrpcAsyncIOTransport

        if self._base_url:
            import grpc  # type: ignore[import-untyped]

            channel = grpc.aio.insecure_channel(self._base_url)
            return TextToSpeechAsyncClient(transport=TextToSpeechGrpcAsyncIOTransport(channel=channel))
        account, _ = credentials(self._key)
        options = ClientOptions(api_endpoint=endpoint(self._location))
        return TextToSpeechAsyncClient(credentials=account, client_options=options)


def endpoint(location: str) -> str:
    """The host for a location of Speech-to-Text, whose regions are finer: europe-west4 speaks in eu."""
    if location in {"", "global"}:
        return "texttospeech.googleapis.com"
    region = next((one for one in ("eu", "us") if location.startswith(one)), location)
    return f"{region}-texttospeech.googleapis.com"


def parts(text: str) -> Iterator[str]:
    """The text in parts of at most 5000 bytes of UTF-8, cut at words."""
    part = ""
    for word in re.findall(r"\s*\S+", text):
        while len((part + word).encode()) > _MOST_BYTES:
            if part.strip():
                yield part.strip()
                part = ""
                continue
            cut = len(word.encode()[:_MOST_BYTES].decode(errors="ignore"))
            yield word[:cut].strip()
            word = word[cut:]
        part += word
    if part.strip():
        yield part.strip()


def _own(voice: Voice) -> str | None:
    """The asked name where it is a full one of Google's for the call's language."""
    found = _FULL_NAME.fullmatch(voice.name.strip())
    return found[0] if found is not None and found[1] == _locale(voice).partition("-")[0] else None


def _star(name: str, language: str) -> str:
    """Which of the voices that every language has."""
    last = name.strip().rpartition("-")[2].casefold()
    return _STARS[last].id if last in _STARS else nearest(Voice(name, language), VOICES).id


def _locale(voice: Voice) -> str:
    """BCP 47 with a region: that of the voice's full name where its language is the call's."""
    short = voice.language[:2].lower()
    named = re.match(r"([a-z]{2,3})-[A-Z]{2}(?=-)", voice.name.strip())
    usual = _REGIONS.get(short, f"{short}-{short.upper()}")
    return named[0] if named is not None and named[1] == usual.partition("-")[0] else usual


def _rate(speed: float) -> float:
    return min(2.0, max(0.25, speed))


@contextmanager
def _translating() -> Iterator[None]:
    """What the client raises, as the product knows it."""
    from google.api_core.exceptions import GoogleAPICallError
    from google.auth.exceptions import GoogleAuthError

    try:
        yield
    except TimeoutError:
        raise ProviderStalled(f"{VENDOR} says nothing.", vendor=VENDOR) from None
    except (GoogleAPICallError, GoogleAuthError) as error:
        raise translated(error) from error
    except BadAudio as error:
        raise ProviderUnavailable(f"{VENDOR} sent what is no speech.", vendor=VENDOR) from error
