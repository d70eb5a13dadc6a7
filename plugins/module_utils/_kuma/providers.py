# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The notification providers that each Uptime Kuma version knows, as plain data, and the check of what is declared.

A notification is stored as one JSON object whose keys are the provider's own (`smtpHost`, `googleChatWebhookURL`). What
is declared comes in two mappings with those same keys: `config`, and `secret_config` for what no one is to see.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .fields import V1_23, V2_0, V2_1, V2_3, V2_4, V2_5, Version, version_text

COMMON_KEYS: frozenset[str] = frozenset(
    {
        "id",
        "name",
        "type",
        "userId",
        "active",
        "isDefault",
        "applyExisting",
        "kumawatchManagedBy",
    }
)
"""Keys of a stored notification that belong to it, not to its provider."""


@dataclass(frozen=True, slots=True)
class Provider:
    """A way to notify, and the keys of its configuration."""

    type: str
    """What the server calls it; upper and lower case matter."""
    since: Version
    """First release that has it."""
    until: Version | None
    """First release that no longer has it."""
    required: tuple[str, ...]
    """Keys without which it cannot send."""
    required_when: tuple[tuple[str, str | bool, tuple[str, ...]], ...]
    """(key, value, keys that are then required as well)."""
    one_of: tuple[tuple[str, ...], ...]
    """Groups of keys of which each needs at least one."""
    optional: frozenset[str]
    """All its other keys."""
    secret: frozenset[str]
    """Keys whose value lets one send, read or log in: tokens, passwords, addresses with such in them."""
    types: Mapping[str, str]
    """str, int, bool, list, dict, json (a mapping that is stored as JSON text) or any, by key; str where not named."""
    choices: Mapping[str, tuple[str, ...]]
    """The values that the server tells apart, by key."""
    since_keys: Mapping[str, Version]
    """First release that knows a key, where that is later than the provider."""
    until_keys: Mapping[str, Version]
    """First release that no longer knows a key."""

    @property
    def keys(self) -> frozenset[str]:
        """Every key it has."""
        return self.optional | set(self.required)


def _provider(
    type_: str,
    *,
    since: Version = V1_23,
    until: Version | None = None,
    required: str = "",
    optional: str = "",
    secret: str = "",
    bools: str = "",
    ints: str = "",
    types: Mapping[str, str] | None = None,
    choices: Mapping[str, str] | None = None,
    since_keys: Mapping[Version, str] | None = None,
    until_keys: Mapping[Version, str] | None = None,
    when: tuple[tuple[str, str | bool, str], ...] = (),
    one_of: tuple[str, ...] = (),
) -> Provider:
    """A provider from rows of the table below, where keys stand in one string, separated by spaces."""
    return Provider(
        type=type_,
        since=since,
        until=until,
        required=tuple(required.split()),
        required_when=tuple((key, value, tuple(keys.split())) for key, value, keys in when),
        one_of=tuple(tuple(keys.split()) for keys in one_of),
        optional=frozenset(optional.split()),
        secret=frozenset(secret.split()),
        types={**dict.fromkeys(bools.split(), "bool"), **dict.fromkeys(ints.split(), "int"), **(types or {})},
        choices={key: tuple(values.split()) for key, values in (choices or {}).items()},
        since_keys={key: version for version, keys in (since_keys or {}).items() for key in keys.split()},
        until_keys={key: version for version, keys in (until_keys or {}).items() for key in keys.split()},
    )


# fmt: off
# Required is what the server cannot send without; its web page asks for more where the server has a default of its own.
# Each provider was saved on 2.5.3 with all its keys, and read back the same. `since` comes from the sources of every
# release. Some keys are not on the web page (any more), but the server still reads them: discordUseMessageTemplate,
# fluxerUseMessageTemplate, octopushDM*, pagerdutyIntegrationKey of Splunk, rocketbutton, slackbutton,
# Whatsapp360messengerGroupId. SevenIO 2.0 reads sevenioTo, though its web page writes sevenioReceiver.
_TABLE: tuple[Provider, ...] = (
    _provider("alerta",
              required="alertaApiEndpoint alertaEnvironment alertaApiKey alertaAlertState alertaRecoverState",
              secret="alertaApiKey"),
    _provider("AlertNow", required="alertNowWebhookURL", secret="alertNowWebhookURL"),
    _provider("AliyunSMS", required="accessKeyId secretAccessKey phonenumber templateCode signName",
              optional="optionalParameters", secret="accessKeyId secretAccessKey", bools="optionalParameters",
              since_keys={V2_1: "optionalParameters"}),
    _provider("apprise", required="appriseURL", optional="title", secret="appriseURL"),
    _provider("bale", since=V2_1, required="baleBotToken baleChatID", secret="baleBotToken"),
    _provider("Bark", required="barkEndpoint", optional="apiVersion barkGroup barkSound", secret="barkEndpoint",
              choices={"apiVersion": "v1 v2"}, since_keys={V2_0: "apiVersion"}),
    _provider("bearsms", since=(2, 5, 1), required="bearsmsUsername bearsmsHashKey bearsmsPhoneNumber",
              optional="bearsmsSenderId", secret="bearsmsHashKey"),
    _provider("Bitrix24", since=V2_0, required="bitrix24WebhookURL bitrix24UserID", secret="bitrix24WebhookURL"),
    _provider("Brevo", since=V2_0, required="brevoApiKey brevoFromEmail brevoToEmail",
              optional="brevoFromName brevoCcEmail brevoBccEmail brevoSubject", secret="brevoApiKey"),
    _provider("CallMeBot", since=V2_0, required="callMeBotEndpoint", secret="callMeBotEndpoint"),
    _provider("Cellsynt", since=V2_0,
              required="cellsyntLogin cellsyntPassword cellsyntOriginatortype cellsyntOriginator cellsyntDestination",
              optional="cellsyntAllowLongSMS", secret="cellsyntPassword", bools="cellsyntAllowLongSMS",
              types={"cellsyntOriginator": "any"}, choices={"cellsyntOriginatortype": "alpha numeric"}),
    _provider("clicksendsms", required="clicksendsmsLogin clicksendsmsPassword clicksendsmsToNumber",
              optional="clicksendsmsSenderName", secret="clicksendsmsPassword"),
    _provider("ClickUp", since=(2, 5, 1), required="clickupToken clickupWorkspaceId clickupChannelId",
              optional="clickupDisableUrl", secret="clickupToken", bools="clickupDisableUrl"),
    _provider("DingDing", required="webHookUrl secretKey", optional="mentioning mobileList userList",
              secret="webHookUrl secretKey", types={"mobileList": "list", "userList": "list"},
              choices={"mentioning": "nobody everyone specify-mobiles specify-users"},
              since_keys={V2_0: "mentioning", V2_1: "mobileList userList"},
              when=(("mentioning", "specify-mobiles", "mobileList"), ("mentioning", "specify-users", "userList"))),
    _provider("discord", required="discordWebhookUrl",
              optional="discordUsername discordPrefixMessage discordMessageFormat discordMessageTemplate "
                       "discordChannelType postName threadId disableUrl discordSuppressNotifications "
                       "discordUseMessageTemplate", secret="discordWebhookUrl",
              bools="disableUrl discordSuppressNotifications discordUseMessageTemplate",
              choices={"discordMessageFormat": "normal minimalist custom",
                       "discordChannelType": "channel createNewForumPost postToThread"},
              since_keys={V2_0: "discordChannelType postName threadId disableUrl",
                          V2_1: "discordMessageFormat discordMessageTemplate discordSuppressNotifications "
                                "discordUseMessageTemplate"},
              when=(("discordChannelType", "createNewForumPost", "postName"),
                    ("discordChannelType", "postToThread", "threadId"))),
    _provider("egosms", since=V2_4, required="egosmsUsername egosmsPassword egosmsPhoneNumber",
              optional="egosmsSender", secret="egosmsPassword"),
    _provider("Elks", since=V2_0, required="elksUsername elksAuthToken elksFromNumber elksToNumber",
              secret="elksAuthToken"),
    _provider("evolution", since=V2_0, required="evolutionInstanceName evolutionAuthToken evolutionRecipient",
              optional="evolutionApiUrl evolutionUseCustomMessage evolutionCustomMessage", secret="evolutionAuthToken",
              bools="evolutionUseCustomMessage", since_keys={V2_3: "evolutionUseCustomMessage evolutionCustomMessage"},
              when=(("evolutionUseCustomMessage", True, "evolutionCustomMessage"),)),
    _provider("Feishu", required="feishuWebHookUrl", secret="feishuWebHookUrl"),
    _provider("FlashDuty", required="flashdutyIntegrationKey flashdutySeverity", secret="flashdutyIntegrationKey",
              choices={"flashdutySeverity": "Info Warning Critical"}),
    _provider("Flowtriq", since=V2_5, required="flowtriqWebhookUrl", optional="flowtriqApiKey",
              secret="flowtriqWebhookUrl flowtriqApiKey"),
    _provider("fluxer", since=(2, 2, 1), required="fluxerWebhookUrl",
              optional="fluxerUsername fluxerPrefixMessage fluxerMessageFormat fluxerMessageTemplate disableUrl "
                       "fluxerChannelType fluxerUseMessageTemplate", secret="fluxerWebhookUrl",
              bools="disableUrl fluxerUseMessageTemplate", choices={"fluxerMessageFormat": "normal minimalist custom"}),
    _provider("FreeMobile", required="freemobileUser freemobilePass", secret="freemobilePass"),
    _provider("GoAlert", required="goAlertBaseURL goAlertToken", secret="goAlertToken"),
    _provider("GoogleChat", required="googleChatWebhookURL",
              optional="googleChatMaxRetries googleChatUseTemplate googleChatTemplate", secret="googleChatWebhookURL",
              bools="googleChatUseTemplate", ints="googleChatMaxRetries",
              since_keys={V2_0: "googleChatUseTemplate googleChatTemplate", V2_1: "googleChatMaxRetries"},
              when=(("googleChatUseTemplate", True, "googleChatTemplate"),)),
    _provider("GoogleSheets", since=V2_1, required="googleSheetsWebhookUrl", secret="googleSheetsWebhookUrl"),
    _provider("gorush", required="gorushDeviceToken gorushServerURL gorushPlatform",
              optional="gorushTitle gorushPriority gorushRetry gorushTopic", secret="gorushDeviceToken",
              ints="gorushRetry", choices={"gorushPlatform": "ios android huawei", "gorushPriority": "normal high"}),
    _provider("gotify", required="gotifyapplicationToken gotifyserverurl", optional="gotifyPriority",
              secret="gotifyapplicationToken", ints="gotifyPriority"),
    _provider("GrafanaOncall", since=V2_0, required="GrafanaOncallURL", secret="GrafanaOncallURL"),
    _provider("gtxmessaging", since=V2_0, required="gtxMessagingApiKey gtxMessagingFrom gtxMessagingTo",
              secret="gtxMessagingApiKey"),
    _provider("HaloPSA", since=V2_1, required="halowebhookurl", optional="haloUsername haloPassword",
              secret="halowebhookurl haloPassword"),
    _provider("HeiiOnCall", since=V2_0, required="heiiOnCallApiKey heiiOnCallTriggerId",
              secret="heiiOnCallApiKey heiiOnCallTriggerId"),
    _provider("HomeAssistant", required="homeAssistantUrl longLivedAccessToken", optional="notificationService",
              secret="longLivedAccessToken"),
    _provider("JiraServiceManagement", since=V2_1, required="jsmCloudId jsmEmail jsmApiToken", optional="jsmPriority",
              secret="jsmApiToken", ints="jsmPriority"),
    _provider("Keep", since=V2_0, required="webhookURL webhookAPIKey", secret="webhookAPIKey"),
    _provider("Kook", required="kookBotToken kookGuildID", secret="kookBotToken"),
    _provider("line", required="lineChannelAccessToken lineUserID", secret="lineChannelAccessToken"),
    _provider("LineNotify", until=V2_1, required="lineNotifyAccessToken", secret="lineNotifyAccessToken"),
    _provider("lunasea", optional="lunaseaTarget lunaseaDevice lunaseaUserID", secret="lunaseaDevice lunaseaUserID",
              choices={"lunaseaTarget": "device user"},
              when=(("lunaseaTarget", "device", "lunaseaDevice"), ("lunaseaTarget", "user", "lunaseaUserID")),
              one_of=("lunaseaDevice lunaseaUserID",)),
    _provider("matrix", required="homeserverUrl internalRoomId accessToken",
              optional="matrixUseTemplate matrixTemplate", secret="accessToken", bools="matrixUseTemplate",
              since_keys={(2, 1, 1): "matrixUseTemplate matrixTemplate"},
              when=(("matrixUseTemplate", True, "matrixTemplate"),)),
    _provider("mattermost", required="mattermostWebhookUrl",
              optional="mattermostusername mattermosticonurl mattermosticonemo mattermostchannel",
              secret="mattermostWebhookUrl"),
    _provider("max", since=V2_3, required="maxBotToken maxChatID",
              optional="maxApiUrl maxUseTemplate maxTemplateFormat maxTemplate", secret="maxBotToken",
              bools="maxUseTemplate", choices={"maxTemplateFormat": "plain markdown html"},
              when=(("maxUseTemplate", True, "maxTemplate"),)),
    _provider("Milky", since=(2, 5, 1), required="httpAddr accessToken recieverId", optional="msgType",
              secret="accessToken", choices={"msgType": "group private"}),
    _provider("nextcloudtalk", since=V2_0, required="host conversationToken botSecret",
              optional="sendSilentUp sendSilentDown", secret="conversationToken botSecret",
              bools="sendSilentUp sendSilentDown"),
    _provider("nostr", required="relays sender recipients", secret="sender"),
    _provider("notifery", since=V2_0, required="notiferyApiKey", optional="notiferyTitle notiferyGroup",
              secret="notiferyApiKey"),
    _provider("ntfy", required="ntfytopic ntfyserverurl",
              optional="ntfyPriority ntfyPriorityDown ntfyAuthenticationMethod ntfyusername ntfypassword "
                       "ntfyaccesstoken ntfyIcon ntfyCall ntfyUseTemplate ntfyCustomTitle ntfyCustomMessage",
              secret="ntfytopic ntfypassword ntfyaccesstoken", bools="ntfyUseTemplate",
              ints="ntfyPriority ntfyPriorityDown",
              choices={"ntfyAuthenticationMethod": "none usernamePassword accessToken"},
              since_keys={V2_0: "ntfyPriorityDown",
                          V2_1: "ntfyCall ntfyUseTemplate ntfyCustomTitle ntfyCustomMessage"},
              when=(("ntfyAuthenticationMethod", "usernamePassword", "ntfyusername ntfypassword"),
                    ("ntfyAuthenticationMethod", "accessToken", "ntfyaccesstoken"))),
    _provider("octopush",
              optional="octopushVersion octopushAPIKey octopushLogin octopushSMSType octopushPhoneNumber "
                       "octopushSenderName octopushDMAPIKey octopushDMLogin octopushDMPhoneNumber octopushDMSMSType "
                       "octopushDMSenderName", secret="octopushAPIKey octopushDMAPIKey",
              choices={"octopushVersion": "2 1", "octopushSMSType": "sms_premium sms_low_cost"},
              when=(("octopushVersion", "1", "octopushDMAPIKey octopushDMLogin octopushDMPhoneNumber"),
                    ("octopushVersion", "2", "octopushAPIKey octopushLogin octopushPhoneNumber")),
              one_of=("octopushAPIKey octopushDMAPIKey", "octopushLogin octopushDMLogin",
                      "octopushPhoneNumber octopushDMPhoneNumber")),
    _provider("OneBot", required="httpAddr accessToken recieverId", optional="msgType", secret="accessToken",
              choices={"msgType": "group private"}),
    _provider("OneChat", since=V2_0, required="accessToken recieverId botId", secret="accessToken"),
    _provider("Onesender", since=V2_0, required="onesenderURL onesenderToken onesenderReceiver",
              optional="onesenderTypeReceiver", secret="onesenderToken",
              choices={"onesenderTypeReceiver": "private group"}),
    _provider("Ooredoo", since=V2_5, required="ooredooUsername ooredooAccessKey ooredooBearerToken ooredooToNumber",
              optional="ooredooServerUrl", secret="ooredooAccessKey ooredooBearerToken"),
    _provider("openwa", since=(2, 5, 1), required="openwaApiUrl openwaApiKey openwaSession openwaChatId",
              optional="openwaUseCustomMessage openwaCustomMessage", secret="openwaApiKey",
              bools="openwaUseCustomMessage", when=(("openwaUseCustomMessage", True, "openwaCustomMessage"),)),
    _provider("Opsgenie", required="opsgenieApiKey", optional="opsgenieRegion opsgeniePriority",
              secret="opsgenieApiKey", ints="opsgeniePriority", choices={"opsgenieRegion": "us eu"}),
    _provider("PagerDuty", required="pagerdutyIntegrationKey pagerdutyIntegrationUrl",
              optional="pagerdutyPriority pagerdutyAutoResolve", secret="pagerdutyIntegrationKey",
              choices={"pagerdutyPriority": "info warning error critical",
                       "pagerdutyAutoResolve": "0 acknowledge resolve"}),
    _provider("PagerTree", required="pagertreeIntegrationUrl", optional="pagertreeUrgency pagertreeAutoResolve",
              secret="pagertreeIntegrationUrl",
              choices={"pagertreeUrgency": "silent low medium high critical", "pagertreeAutoResolve": "resolve 0"}),
    _provider("pinglet", since=(2, 5, 1), required="pingletPublishUrl pingletApiKey",
              secret="pingletPublishUrl pingletApiKey"),
    _provider("plivo", since=V2_5, required="plivoAuthID plivoAuthToken plivoFromNumber plivoToNumber",
              optional="plivoMessageType plivoAnswerUrl", secret="plivoAuthToken",
              choices={"plivoMessageType": "sms call"}, when=(("plivoMessageType", "call", "plivoAnswerUrl"),)),
    _provider("promosms", required="promosmsLogin promosmsPassword promosmsPhoneNumber",
              optional="promosmsSMSType promosmsSenderName promosmsAllowLongSMS", secret="promosmsPassword",
              bools="promosmsAllowLongSMS", choices={"promosmsSMSType": "0 1 3 4"}),
    _provider("pumble", since=V2_0, required="webhookURL", secret="webhookURL"),
    _provider("pushbullet", required="pushbulletAccessToken", secret="pushbulletAccessToken"),
    _provider("PushByTechulus", required="pushAPIKey", optional="pushTitle pushChannel pushSound pushTimeSensitive",
              secret="pushAPIKey", bools="pushTimeSensitive",
              since_keys={V2_0: "pushTitle pushChannel pushSound pushTimeSensitive"}),
    _provider("PushDeer", required="pushdeerKey", optional="pushdeerServer", secret="pushdeerKey"),
    _provider("pushover", required="pushoveruserkey pushoverapptoken",
              optional="pushoverdevice pushovertitle pushoverpriority pushoversounds pushoversounds_up pushoverttl",
              secret="pushoveruserkey pushoverapptoken", ints="pushoverttl",
              choices={"pushoverpriority": "-2 -1 0 1 2"}, since_keys={V2_0: "pushoversounds_up"}),
    _provider("PushPlus", since=V2_0, required="pushPlusSendKey", secret="pushPlusSendKey"),
    _provider("pushy", required="pushyAPIKey pushyToken", secret="pushyAPIKey pushyToken"),
    _provider("Resend", since=V2_1, required="resendApiKey resendFromEmail resendToEmail",
              optional="resendFromName resendSubject", secret="resendApiKey"),
    _provider("rocket.chat", required="rocketwebhookURL",
              optional="rocketusername rocketiconemo rocketchannel rocketbutton", secret="rocketwebhookURL"),
    _provider("SendGrid", since=V2_0, required="sendgridApiKey sendgridFromEmail sendgridToEmail",
              optional="sendgridCcEmail sendgridBccEmail sendgridSubject", secret="sendgridApiKey"),
    _provider("ServerChan", required="serverChanSendKey", secret="serverChanSendKey"),
    _provider("serwersms", required="serwersmsUsername serwersmsPassword",
              optional="serwersmsRecipientType serwersmsPhoneNumber serwersmsGroupId serwersmsSenderName",
              secret="serwersmsPassword", choices={"serwersmsRecipientType": "phone group"},
              since_keys={V2_1: "serwersmsRecipientType serwersmsGroupId"},
              when=(("serwersmsRecipientType", "group", "serwersmsGroupId"),
                    ("serwersmsRecipientType", "phone", "serwersmsPhoneNumber")),
              one_of=("serwersmsPhoneNumber serwersmsGroupId",)),
    _provider("SevenIO", since=V2_0, required="sevenioApiKey", optional="sevenioSender sevenioReceiver sevenioTo",
              secret="sevenioApiKey", types={"sevenioReceiver": "any"}, since_keys={V2_1: "sevenioReceiver"},
              until_keys={V2_1: "sevenioTo"}, one_of=("sevenioReceiver sevenioTo",)),
    _provider("signal", required="signalURL signalNumber signalRecipients",
              optional="signalUseTemplate signalTemplate", bools="signalUseTemplate",
              since_keys={(2, 2, 0): "signalUseTemplate signalTemplate"},
              when=(("signalUseTemplate", True, "signalTemplate"),)),
    _provider("SIGNL4", since=V2_0, required="webhookURL", secret="webhookURL"),
    _provider("slack", required="slackwebhookURL",
              optional="slackusername slackiconemo slackchannel slackrichmessage slackIncludeGroupName "
                       "slackUseTemplate slackTemplate slackchannelnotify slackbutton", secret="slackwebhookURL",
              bools="slackrichmessage slackIncludeGroupName slackUseTemplate slackchannelnotify",
              since_keys={V2_0: "slackrichmessage", V2_1: "slackIncludeGroupName slackUseTemplate slackTemplate"},
              when=(("slackUseTemplate", True, "slackTemplate"),)),
    _provider("smsc", required="smscLogin smscPassword smscToNumber", optional="smscSenderName smscTranslit",
              secret="smscPassword", choices={"smscTranslit": "0 1 2"}),
    _provider("SMSEagle", required="smseagleUrl smseagleToken smseagleApiType",
              optional="smseagleRecipientType smseagleRecipient smseaglePriority smseagleEncoding smseagleMsgType "
                       "smseagleDuration smseagleTtsModel smseagleRecipientTo smseagleRecipientGroup "
                       "smseagleRecipientContact", secret="smseagleToken", bools="smseagleEncoding",
              ints="smseaglePriority smseagleDuration smseagleTtsModel",
              choices={"smseagleApiType": "smseagle-apiv1 smseagle-apiv2",
                       "smseagleRecipientType": "smseagle-to smseagle-group smseagle-contact",
                       "smseagleMsgType": "smseagle-sms smseagle-ring smseagle-tts smseagle-tts-advanced"},
              since_keys={V2_0: "smseagleApiType smseagleMsgType smseagleDuration smseagleTtsModel "
                                "smseagleRecipientTo smseagleRecipientGroup smseagleRecipientContact"},
              when=(("smseagleApiType", "smseagle-apiv1", "smseagleRecipient"),),
              one_of=("smseagleRecipient smseagleRecipientTo smseagleRecipientGroup smseagleRecipientContact",)),
    _provider("SMSGateway", since=(2, 5, 1), required="smsgatewayUrl smsgatewayApiKey smsgatewayTo",
              secret="smsgatewayApiKey"),
    _provider("smsir", since=V2_1, required="smsirApiKey smsirNumber smsirTemplate", secret="smsirApiKey"),
    _provider("SMSManager", required="smsmanagerApiKey numbers", optional="messageType", secret="smsmanagerApiKey",
              choices={"messageType": "economy lowcost high"}),
    _provider("SMSPartner", since=V2_0, required="smspartnerApikey smspartnerPhoneNumber smspartnerSenderName",
              secret="smspartnerApikey"),
    _provider("SMSPlanet", since=V2_0, required="smsplanetApiToken smsplanetPhoneNumbers",
              optional="smsplanetSenderName", secret="smsplanetApiToken"),
    _provider("smtp", required="smtpHost smtpPort smtpFrom",
              optional="smtpSecure smtpIgnoreTLSError smtpIgnoreSTARTTLS smtpUsername smtpPassword smtpTo smtpCC "
                       "smtpBCC customSubject customBody htmlBody smtpAdditionalHeaders smtpDkimDomain "
                       "smtpDkimKeySelector smtpDkimPrivateKey smtpDkimHashAlgo smtpDkimheaderFieldNames "
                       "smtpDkimskipFields", secret="smtpPassword smtpAdditionalHeaders smtpDkimPrivateKey",
              bools="smtpSecure smtpIgnoreTLSError smtpIgnoreSTARTTLS htmlBody", ints="smtpPort",
              types={"smtpAdditionalHeaders": "json"},
              since_keys={V2_0: "customBody htmlBody", V2_1: "smtpIgnoreSTARTTLS", V2_5: "smtpAdditionalHeaders"},
              one_of=("smtpTo smtpCC smtpBCC",)),
    _provider("Splunk", required="splunkRestURL", optional="splunkSeverity splunkAutoResolve pagerdutyIntegrationKey",
              secret="splunkRestURL pagerdutyIntegrationKey",
              choices={"splunkSeverity": "INFO WARNING CRITICAL", "splunkAutoResolve": "0 ACKNOWLEDGEMENT RECOVERY"}),
    _provider("SpugPush", since=V2_0, required="templateKey", secret="templateKey"),
    _provider("squadcast", required="squadcastWebhookURL", secret="squadcastWebhookURL"),
    _provider("stackfield", required="stackfieldwebhookURL", secret="stackfieldwebhookURL"),
    _provider("teams", required="webhookUrl", optional="teamsEnableTags", secret="webhookUrl", bools="teamsEnableTags",
              since_keys={(2, 1, 2): "teamsEnableTags"}),
    _provider("telegram", required="telegramBotToken telegramChatID",
              optional="telegramMessageThreadID telegramServerUrl telegramUseTemplate telegramTemplateParseMode "
                       "telegramTemplate telegramSendSilently telegramProtectContent", secret="telegramBotToken",
              bools="telegramUseTemplate telegramSendSilently telegramProtectContent",
              choices={"telegramTemplateParseMode": "plain HTML MarkdownV2"},
              since_keys={V2_0: "telegramServerUrl telegramUseTemplate telegramTemplateParseMode telegramTemplate"},
              when=(("telegramUseTemplate", True, "telegramTemplate"),)),
    _provider("telnyx", since=V2_3, required="telnyxApiKey telnyxPhoneNumber telnyxToNumber",
              optional="telnyxMessagingProfileId", secret="telnyxApiKey"),
    _provider("Teltonika", since=(2, 1, 2),
              required="teltonikaUrl teltonikaUsername teltonikaPassword teltonikaModem teltonikaPhoneNumber",
              optional="teltonikaUnsafeTls", secret="teltonikaPassword", bools="teltonikaUnsafeTls"),
    _provider("threema", since=V2_0,
              required="threemaRecipientType threemaRecipient threemaSenderIdentity threemaSecret",
              secret="threemaSecret", choices={"threemaRecipientType": "identity phone email"}),
    _provider("TurboSMTP", since=(2, 5, 1),
              required="turbosmtpConsumerKey turbosmtpConsumerSecret turbosmtpFromEmail turbosmtpToEmail",
              optional="turbosmtpRegion turbosmtpCcEmail turbosmtpBccEmail turbosmtpSubject",
              secret="turbosmtpConsumerKey turbosmtpConsumerSecret", choices={"turbosmtpRegion": "us eu"}),
    _provider("twilio", required="twilioAccountSID twilioAuthToken twilioFromNumber twilioToNumber",
              optional="twilioApiKey twilioMessagingServiceSID", secret="twilioApiKey twilioAuthToken",
              since_keys={V2_1: "twilioMessagingServiceSID"}),
    _provider("VK", since=V2_3, required="vkAccessToken vkApiVersion vkPeerId", optional="vkDontParseLinks",
              secret="vkAccessToken", bools="vkDontParseLinks"),
    _provider("VKTeams", since=V2_4, required="vkteamsBotToken vkteamsChatId",
              optional="vkteamsBaseUrl vkteamsUseTemplate vkteamsTemplateFormat vkteamsTemplate",
              secret="vkteamsBotToken", bools="vkteamsUseTemplate",
              choices={"vkteamsTemplateFormat": "plain MarkdownV2 HTML"},
              when=(("vkteamsUseTemplate", True, "vkteamsTemplate"),)),
    _provider("waha", since=V2_0, required="wahaApiUrl wahaSession wahaChatId", optional="wahaApiKey",
              secret="wahaApiKey"),
    _provider("webhook", required="webhookURL",
              optional="httpMethod webhookContentType webhookCustomBody webhookAdditionalHeaders",
              secret="webhookURL webhookAdditionalHeaders", types={"webhookAdditionalHeaders": "json"},
              choices={"httpMethod": "post get", "webhookContentType": "json form-data custom"},
              since_keys={V2_1: "httpMethod"}, when=(("webhookContentType", "custom", "webhookCustomBody"),)),
    _provider("Webpush", since=V2_1, required="subscription", secret="subscription", types={"subscription": "dict"}),
    _provider("WeCom", required="weComBotKey", optional="weComMentionedMobileList", secret="weComBotKey",
              since_keys={V2_1: "weComMentionedMobileList"}),
    _provider("whapi", since=V2_0, required="whapiAuthToken whapiRecipient", optional="whapiApiUrl",
              secret="whapiAuthToken"),
    _provider("Whatsapp360messenger", since=(2, 2, 0), required="Whatsapp360messengerAuthToken",
              optional="Whatsapp360messengerRecipient Whatsapp360messengerGroupIds Whatsapp360messengerUseTemplate "
                       "Whatsapp360messengerTemplate Whatsapp360messengerGroupId",
              secret="Whatsapp360messengerAuthToken", bools="Whatsapp360messengerUseTemplate",
              types={"Whatsapp360messengerGroupIds": "any", "Whatsapp360messengerGroupId": "any"},
              when=(("Whatsapp360messengerUseTemplate", True, "Whatsapp360messengerTemplate"),),
              one_of=("Whatsapp360messengerRecipient Whatsapp360messengerGroupIds Whatsapp360messengerGroupId",)),
    _provider("WPush", since=V2_0, required="wpushAPIkey wpushChannel", secret="wpushAPIkey",
              choices={"wpushChannel": "wechat sms mail feishu dingtalk wechat_work"}),
    _provider("WxPusher", since=V2_5, required="wxpusherSPT", secret="wxpusherSPT"),
    _provider("YZJ", since=V2_0, required="yzjWebHookUrl yzjToken", secret="yzjToken"),
    _provider("ZohoCliq", required="webhookUrl", secret="webhookUrl"),
)
# fmt: on

PROVIDERS: dict[str, Provider] = {p.type: p for p in _TABLE}

_TYPE_WORDS = {
    "str": "a string",
    "int": "an integer",
    "bool": "true or false",
    "list": "a list",
    "dict": "a mapping",
    "json": "a mapping",
}


def is_known(provider: Provider, version: Version) -> bool:
    """Whether a server of that version has the provider."""
    return provider.since <= version and (provider.until is None or version < provider.until)


def validate_provider(
    type_: str, config: Mapping[str, Any], secret_config: Mapping[str, Any], version: Version | None = None
) -> list[str]:
    """What is wrong with a declared notification: one sentence each, none of them with a secret in it.

    `version` is the server's; without it, nothing is said about versions.
    """
    provider = PROVIDERS.get(type_)
    if provider is None:
        return [_sentence(f"type: {type_} is no notification provider of Uptime Kuma{_close(type_, PROVIDERS)}")]
    if version is not None and not is_known(provider, version):
        if version < provider.since:
            return [f"type: {type_} needs Uptime Kuma {version_text(provider.since)} or later; {_server(version)}."]
        until = version_text(provider.until or version)
        return [f"type: {type_} is gone since Uptime Kuma {until}; {_server(version)}."]
    problems: list[str] = []
    for option, given in (("config", config), ("secret_config", secret_config)):
        for key, value in given.items():
            problem = _key_problem(provider, option, key, value, version)
            if problem is None and key in config and key in secret_config:
                # Said once: at the second of the two.
                problem = "is set in config as well; keep one of them" if option == "secret_config" else None
            if problem is not None:
                problems.append(_sentence(f"{option}: {key} {problem}"))
    return problems + _missing(provider, {**config, **secret_config}, version)


def wire_config(type_: str, config: Mapping[str, Any], secret_config: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of the stored notification for what is declared; both mappings in one, with JSON as text."""
    provider = PROVIDERS[type_]
    return {
        key: json.dumps(value, ensure_ascii=False)
        if provider.types.get(key) == "json" and not isinstance(value, str)
        else value
        for key, value in {**config, **secret_config}.items()
    }


def split_config(type_: str, stored: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """(config, secret_config) of a stored notification. A key that is not known counts as secret."""
    provider = PROVIDERS.get(type_)
    config: dict[str, Any] = {}
    secret_config: dict[str, Any] = {}
    for key, value in stored.items():
        if key in COMMON_KEYS:
            continue
        known = provider is not None and key in provider.keys and key not in provider.secret
        if provider is not None and provider.types.get(key) == "json":
            value = _parsed(value)
        (config if known else secret_config)[key] = value
    return config, secret_config


def _key_problem(provider: Provider, option: str, key: str, value: Any, version: Version | None) -> str | None:
    """What is wrong with one key, as the rest of a sentence that begins with it."""
    if key in COMMON_KEYS:
        return "belongs to the notification itself, not to its provider"
    if key not in provider.keys:
        return f"is no key of {provider.type}" + (
            _close(key, provider.keys) or f", which has {', '.join(sorted(provider.keys, key=str.lower))}"
        )
    since = provider.since_keys.get(key, provider.since)
    until = provider.until_keys.get(key)
    if version is not None and version < since:
        return f"needs Uptime Kuma {version_text(since)} or later; {_server(version)}"
    if version is not None and until is not None and version >= until:
        return f"is gone since Uptime Kuma {version_text(until)}; {_server(version)}"
    if key in provider.secret and option == "config":
        return "is secret; put it into secret_config"
    if value is None or value == "":
        return None
    return _type_problem(provider, key, value, shown=option == "config")


def _type_problem(provider: Provider, key: str, value: Any, *, shown: bool) -> str | None:
    """What is wrong with the type of a value, or with a value that is not among the choices."""
    wanted = provider.types.get(key, "str")
    is_right = {
        "str": isinstance(value, str),
        "int": isinstance(value, int) and not isinstance(value, bool),
        "bool": isinstance(value, bool),
        "list": isinstance(value, (list, tuple)),
        "dict": isinstance(value, Mapping),
        "json": isinstance(_parsed(value), Mapping),
        "any": True,
    }[wanted]
    if not is_right:
        quotes = "; put it in quotes" if wanted == "str" and isinstance(value, (bool, int, float)) else ""
        return f"must be {_TYPE_WORDS[wanted]}, not {_kind(value)}{quotes}"
    choices = provider.choices.get(key)
    if choices and value not in choices:
        return f"must be one of {', '.join(choices)}" + (f", not {value}" if shown else "")
    return None


def _missing(provider: Provider, given: Mapping[str, Any], version: Version | None) -> list[str]:
    """A sentence for each key that is needed and not given."""

    def known(keys: Iterable[str]) -> list[str]:
        if version is None:
            return list(keys)
        after = (k for k in keys if provider.since_keys.get(k, provider.since) <= version)
        return [k for k in after if k not in provider.until_keys or version < provider.until_keys[k]]

    def unset(key: str) -> bool:
        return given.get(key) in (None, "", [], {})

    def where(key: str) -> str:
        return "secret_config" if key in provider.secret else "config"

    problems = [f"{where(k)}: {provider.type} needs {k}." for k in known(provider.required) if unset(k)]
    said = set(provider.required)
    for key, value, others in provider.required_when:
        if given.get(key) != value:
            continue
        shown = str(value).lower() if isinstance(value, bool) else value
        for other in known(others):
            if unset(other) and other not in said:
                problems.append(f"{where(other)}: {provider.type} needs {other} when {key} is {shown}.")
                said.add(other)
    for group in provider.one_of:
        keys = known(group)
        if all(map(unset, keys)) and not said & set(keys):
            words = keys[0] if len(keys) == 1 else "one of " + ", ".join(keys)
            problems.append(f"{where(keys[0])}: {provider.type} needs {words}.")
    return problems


def _close(word: str, words: Iterable[str]) -> str:
    """The hint at the one that was probably meant; empty if none is close."""
    by_lower = {w.lower(): w for w in words}
    found = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.7)
    return f"; did you mean {by_lower[found[0]]}?" if found else ""


def _sentence(text: str) -> str:
    return text if text.endswith("?") else text + "."


def _server(version: Version) -> str:
    return f"this server is {version_text(version)}"


def _kind(value: Any) -> str:
    """What a value is, in words of YAML."""
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int):
        return "an integer"
    if isinstance(value, float):
        return "a number"
    if isinstance(value, str):
        return "a string"
    return "a mapping" if isinstance(value, Mapping) else "a list"


def _parsed(value: Any) -> Any:
    """What a JSON text says; the text itself if it is none."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
