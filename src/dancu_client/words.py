"""What this package says, in Vietnamese: the English sentence with its {placeholders} -> the Vietnamese one. What is not here stays as it is:
texts of the operating system, of the TLS library, codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from dancu_client.errors import DancuClientError

LANGUAGES: Final = ("vi", "en")

VIETNAMESE: Final[Mapping[str, str]] = {
    # The doctor: what it found.
    "an earlier step failed": "một bước trước đó chưa đạt",
    "key and certificate are not a pair": "khóa và chứng thư không phải một cặp",
    "the certificate has expired": "chứng thư đã hết hạn",
    "the certificate expires in {days} days": "chứng thư hết hạn sau {days} ngày",
    "key and certificate fit, {days} days left": "khóa và chứng thư khớp nhau, còn {days} ngày",
    "plain http": "http không mã hóa",
    "{version}, certificate trusted": "{version}, tin được chứng thư",
    "{version}, certificate trusted, ours shown": "{version}, tin được chứng thư, đã trình chứng thư của mình",
    "the platform states no time; a call will tell": "nền tảng không nói giờ; lần gọi thử sẽ cho biết",
    "this machine's clock is {seconds} s off": "đồng hồ máy này lệch {seconds} giây",
    "{seconds} s apart": "lệch nhau {seconds} giây",
    "valid for {seconds} s": "còn hiệu lực {seconds} giây",
    "the token is not bound as configured": "mã truy cập không gắn theo cách đã cấu hình",
    "to the key (DPoP)": "với khóa (DPoP)",
    "to the certificate (RFC 8705)": "với chứng thư (RFC 8705)",
    "ours accepted, the platform's checked": "chữ ký của mình được nhận, chữ ký của nền tảng đã kiểm",
    "covers {service} for {purpose}": "cho phép {service} với mục đích {purpose}",
    "answered in the {environment} environment": "được trả lời ở môi trường {environment}",
    "checked, but no log is kept": "đã kiểm, nhưng không giữ nhật ký",
    "signed for this call, message {message_id}": "ký cho đúng lần gọi này, thông điệp {message_id}",
    "the sandbox is about nobody and leaves no evidence": "môi trường thử không nói về ai nên không để lại bằng chứng",
    "entry {index} of {size} after {seconds} s": "mục {index} trên {size} sau {seconds} giây",
    "entry {index} of {size} after {seconds} s, by the key the platform itself stated": "mục {index} trên {size} sau {seconds} giây, theo khóa do chính nền tảng đưa",
    "none configured": "không cấu hình",
    "it does not agree to take events (OPTIONS: HTTP {status})": "nơi nhận không đồng ý nhận tin (OPTIONS: HTTP {status})",
    "it takes what nobody signed": "nơi nhận nhận cả tin không có chữ ký",
    "what is not signed is answered HTTP {status}": "tin không có chữ ký được trả lời HTTP {status}",
    "agrees to take events, refuses what is not signed (HTTP {status})": "đồng ý nhận tin, từ chối tin không có chữ ký (HTTP {status})",
    # The doctor: what to do.
    "Mend the step above first.": "Sửa bước bên trên trước.",
    "See the message; the guide lists every code.": "Xem lời báo; tài liệu giải thích từng mã.",
    "See the message.": "Xem lời báo.",
    "See the code in the guide.": "Tra mã này trong tài liệu.",
    "Use the key with which the certificate request was made.": "Dùng đúng khóa đã tạo yêu cầu cấp chứng thư.",
    "Name a file this program may write to.": "Chọn một tệp mà chương trình này ghi được.",
    "Mend the path or the file.": "Sửa đường dẫn hoặc tệp.",
    "Ask for a new one on the partner portal.": "Xin chứng thư mới trên cổng đối tác.",
    "Ask for a new one now; both hold until then.": "Xin chứng thư mới ngay; đến lúc đó cả hai cùng có hiệu lực.",
    "Check base_url and this machine's name server.": "Kiểm tra base_url và máy chủ tên miền của máy này.",
    "Only for trials on one machine: use https everywhere else.": "Chỉ để thử trên một máy: nơi khác hãy dùng https.",
    "Set ca to the platform's root, or correct this machine's list of roots.": "Đặt ca là chứng thư gốc của nền tảng, hoặc sửa danh sách chứng thư gốc của máy này.",
    'Check the firewall, the port, and for bound = "mtls" the client certificate.': 'Kiểm tra tường lửa, cổng, và với bound = "mtls" thì cả chứng thư của chương trình.',
    "The platform does not answer: check address, proxy and firewall.": "Nền tảng không trả lời: kiểm tra địa chỉ, proxy và tường lửa.",
    "This address is not the platform's: check base_url.": "Địa chỉ này không phải của nền tảng: kiểm tra base_url.",
    "Synchronise it (chrony, systemd-timesyncd): signatures hold 60 s.": "Đồng bộ giờ (chrony, systemd-timesyncd): chữ ký chỉ có giá trị trong 60 giây.",
    "client_id and key do not belong together, or the connection is suspended: see the partner portal.": "client_id và khóa không đi với nhau, hoặc kết nối đang tạm dừng: xem cổng đối tác.",
    'The client is registered for DPoP: bound must be "dpop".': 'Chương trình đã đăng ký DPoP: bound phải là "dpop".',
    'The client is registered for its certificate: bound must be "mtls", through the TLS address.': 'Chương trình đã đăng ký bằng chứng thư: bound phải là "mtls", gọi qua địa chỉ TLS.',
    "The client has no scope exchange: have it registered for data exchange.": "Chương trình chưa có phạm vi exchange: đăng ký nó cho chia sẻ dữ liệu.",
    "Register the client for {bound}, or change bound.": "Đăng ký chương trình cho {bound}, hoặc đổi bound.",
    "The platform does not know this certificate, or a proxy changes the request on its way (address, headers).": "Nền tảng không biết chứng thư này, hoặc một proxy sửa yêu cầu trên đường (địa chỉ, tiêu đề).",
    "A proxy changes the body on its way.": "Một proxy sửa nội dung trên đường.",
    "Synchronise this machine's clock: signatures hold 60 s.": "Đồng bộ giờ máy này: chữ ký chỉ có giá trị trong 60 giây.",
    "The certificate is expired or revoked: ask for a new one.": "Chứng thư đã hết hạn hoặc bị thu hồi: xin chứng thư mới.",
    "The token was refused: see the header WWW-Authenticate.": "Mã truy cập bị từ chối: xem tiêu đề WWW-Authenticate.",
    "A proxy adds or doubles headers.": "Một proxy thêm hoặc lặp tiêu đề.",
    "The connection broke during the call: see the message.": "Kết nối đứt giữa lúc gọi: xem lời báo.",
    "Something between changes answers, or base_url is not the platform's.": "Có gì ở giữa sửa câu trả lời, hoặc base_url không phải của nền tảng.",
    "See the state of the connection on the partner portal.": "Xem tình trạng kết nối trên cổng đối tác.",
    "An alert about this program's calls waits for a decision: tell the operator what they were for.": "Một cảnh báo về các lần gọi của chương trình này đang chờ quyết định: hãy nói với đơn vị vận hành vì sao có các lần gọi đó.",
    "Give --purpose and --legal-basis as agreed, or have the agreement changed (partner portal).": "Ghi --purpose và --legal-basis đúng như thỏa thuận, hoặc đề nghị sửa thỏa thuận (cổng đối tác).",
    "Every call states purpose, legal basis, case and officer.": "Mỗi lần gọi phải nêu mục đích, căn cứ pháp lý, hồ sơ và cán bộ.",
    "Set log: both sides owe a log of calls.": "Đặt log: cả hai bên đều phải giữ nhật ký các lần gọi.",
    'Set vkey = "{vkey}" after comparing it with the published one.': 'Đặt vkey = "{vkey}" sau khi so với khóa đã công bố.',
    "The address must be reachable from the platform, not only from here.": "Nền tảng phải gọi được địa chỉ này, không chỉ máy này.",
    "Answer OPTIONS with WebHook-Allowed-Origin: {origin}.": "Trả lời OPTIONS với WebHook-Allowed-Origin: {origin}.",
    "Check deliveries with WebhookVerifier and answer 401 to others.": "Kiểm mỗi tin bằng WebhookVerifier và trả lời 401 cho tin khác.",
    "Deliveries are POSTed there: answer 401 to what is not signed.": "Tin được POST tới đó: trả lời 401 cho tin không có chữ ký.",
    # Errors of the package.
    "{path}: there is no such file": "{path}: không có tệp này",
    "{path}: unknown: {names}": "{path}: không biết: {names}",
    "{path}: missing: {names}": "{path}: thiếu: {names}",
    "{path}: {name} is of the wrong kind": "{path}: {name} sai kiểu giá trị",
    "base_url must begin with https://": "base_url phải bắt đầu bằng https://",
    'bound is "dpop" or "mtls"': 'bound là "dpop" hoặc "mtls"',
    "base_url names no host and port that can be reached": "base_url không nêu máy và cổng gọi tới được",
    "timeout is more than 0 seconds, attempts at least 1": "timeout lớn hơn 0 giây, attempts ít nhất là 1",
    "key {key}: {error}": "khóa {key}: {error}",
    "key {key}: only EC P-256 and Ed25519": "khóa {key}: chỉ nhận EC P-256 và Ed25519",
    "certificate {certificate}: {error}": "chứng thư {certificate}: {error}",
    "ca {ca}: {error}": "ca {ca}: {error}",
    "key {key} and certificate {certificate} for TLS: {error}": "khóa {key} và chứng thư {certificate} cho TLS: {error}",
    "log {log}: {error}": "nhật ký {log}: {error}",
    "token: {error}": "mã truy cập: {error}",
    "the token endpoint answered without a token: base_url is not the platform's": "nơi cấp mã truy cập trả lời mà không có mã: base_url không phải của nền tảng",
    "the token endpoint wants one nonce after the other": "nơi cấp mã truy cập đòi hết nonce này đến nonce khác",
    "the platform's keys cannot be read": "không đọc được khóa công khai của nền tảng",
    "HTTP {status}, unsigned: no data service at this path, or the message is far too large": "HTTP {status}, không ký: không có dịch vụ dữ liệu ở đường dẫn này, hoặc thông điệp quá lớn",
    "HTTP {status} without JSON": "HTTP {status}, không phải JSON",
    "HTTP {status} without an object": "HTTP {status}, không phải một đối tượng JSON",
    "the answer has no receipt": "câu trả lời không có biên nhận",
    "the receipt is of another call: {members}": "biên nhận của lần gọi khác: {members}",
    "not a receipt of the platform": "không phải biên nhận của nền tảng",
    "not a receipt": "không phải biên nhận",
    "no proof within {seconds} seconds": "chưa có bằng chứng sau {seconds} giây",
    "an address of somebody else": "địa chỉ của nơi khác",
    "the proof cannot be read: {kind}": "không đọc được bằng chứng: {kind}",
    "not a proof of this format": "không phải bằng chứng theo mẫu này",
    "the entry is not in the signed log": "mục này không có trong nhật ký đã ký",
    "what the proof opens is not what the log holds": "nội dung bằng chứng mở ra không phải nội dung nhật ký giữ",
    "the entry in the log is not the one of the receipt": "mục trong nhật ký không phải mục của biên nhận",
    "the entry is of another call": "mục này của lần gọi khác",
    "the log's public key is malformed": "khóa công khai của nhật ký sai dạng",
    "the log's signature is wrong": "chữ ký của nhật ký không đúng",
    "the checkpoint is of another log": "điểm kiểm của nhật ký khác",
    "the checkpoint is not signed by this log": "điểm kiểm không do nhật ký này ký",
    "the signature is wrong": "chữ ký không đúng",
    "the message is not signed": "thông điệp không có chữ ký",
    "signed by a key that is not the platform's": "ký bằng khóa không phải của nền tảng",
    "the signature does not cover what it must": "chữ ký không bao gồm những phần phải ký",
    "the signature cannot be read": "không đọc được chữ ký",
    "signed at another time: check this machine's clock": "ký vào lúc khác: kiểm tra đồng hồ máy này",
    "the content is not what was signed": "nội dung không phải nội dung đã ký",
    "this delivery came before": "tin này đã nhận trước đó",
}


def say(lang: str, template: str, **params: Any) -> str:
    """The sentence in this language, filled in."""
    text = VIETNAMESE.get(template, template) if lang == "vi" else template
    return text.format(**params) if params else text


def told(lang: str, error: DancuClientError) -> str:
    """The text of an error in this language."""
    return say(lang, error.template, **error.params)
