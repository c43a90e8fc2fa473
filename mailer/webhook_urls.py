"""The addresses providers post to: `webhooks/<provider>/tracking/`, and `…/inbound/` for mail that came in."""

from django.urls import path

from mailer import webhooks

_TRACKING = {
    "amazon_ses": webhooks.AmazonSesEvents,
    "brevo": webhooks.BrevoEvents,
    "mailersend": webhooks.MailerSendEvents,
    "mailgun": webhooks.MailgunEvents,
    "mailjet": webhooks.MailjetEvents,
    "mailtrap": webhooks.MailtrapEvents,
    "mandrill": webhooks.MandrillPosts,
    "postal": webhooks.PostalEvents,
    "postmark": webhooks.PostmarkEvents,
    "resend": webhooks.ResendEvents,
    "sendgrid": webhooks.SendGridEvents,
    "sparkpost": webhooks.SparkPostEvents,
    "unisender_go": webhooks.UnisenderGoEvents,
}

_INBOUND = {
    "amazon_ses": webhooks.AmazonSesMails,
    "brevo": webhooks.BrevoMails,
    "mailersend": webhooks.MailerSendMails,
    "mailgun": webhooks.MailgunMails,
    "mailjet": webhooks.MailjetMails,
    "mailtrap": webhooks.MailtrapMails,
    "mandrill": webhooks.MandrillPosts,
    "postal": webhooks.PostalMails,
    "postmark": webhooks.PostmarkMails,
    "resend": webhooks.ResendMails,
    "sendgrid": webhooks.SendGridMails,
    "sparkpost": webhooks.SparkPostMails,
}

urlpatterns = [
    path(f"{provider}/tracking/", view.as_view(), name=f"{provider}_tracking")
    for provider, view in _TRACKING.items()
] + [
    path(f"{provider}/inbound/", view.as_view(), name=f"{provider}_inbound")
    for provider, view in _INBOUND.items()
]
# Mailgun posts the mail as it came to an address with this word in it, and taken apart to any other.
urlpatterns.append(
    path("mailgun/inbound_mime/", webhooks.MailgunMails.as_view(), name="mailgun_inbound_mime")
)
